"""What is measured on exams, against errors that are put in."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heelstrike.measure.scan_volume import ScanVolume
from heelstrike.measure.settings import ScanVolumeSettings
from pipeline.annotations import PLACEMENT_COLUMNS
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.evaluate.slices import slice_table
from pipeline.heads.keypoints import exam_words as words
from pipeline.heads.keypoints.exams import ExamScores
from pipeline.scoring.cases import Truth
from tests.exams import NAMES, SETTINGS, exam_of

MEASURE = ScanVolume(ScanVolumeSettings.model_validate(SETTINGS), NAMES, 0.5)
EVALUATE = EvaluateSettings(bootstrap=100)
EXAMS = [("s0", ""), ("s1", "first"), ("s1", "second"), ("s2", "")]


@pytest.fixture
def truth() -> Truth:
    """Four exams of three people that lie straight; images of all in turn, so that they have to be put together."""
    exams = [exam_of(np.random.default_rng(n), tilt=0, oblique=0)[0] for n in range(4)]
    order = list(itertools.product(range(3), range(4)))
    index = pd.DataFrame({"image": [f"{e}/{p}.nii" for p, e in order], "width": 129, "mirrored": False})
    index = index.assign(subject=[EXAMS[e][0] for _, e in order], exam=[EXAMS[e][1] for _, e in order])
    index = index.assign(mm_per_px=1.7, slice_plane=[("axial", "coronal", "sagittal")[p] for p, _ in order])
    index[PLACEMENT_COLUMNS] = np.stack([exams[e].placement[p].ravel() for p, e in order])
    points = np.stack([exams[e].keypoints[p] for p, e in order])
    seen = np.where(np.isfinite(points[..., 0]), 2, 0).astype(np.uint8)
    # input pixels are twice as fine as the image's
    inside = (points + 0.5) * 2 - 0.5
    return Truth(index, inside, seen, np.zeros((12, 4)), np.tile([2.0, 0.0, 0.0], (12, 1)))


def head_of(truth: Truth, moved_mm: tuple[float, ...], confidence: float = 1.0) -> ExamScores:
    """A model that puts every point of an exam so far to the patient's left, and the others' points anywhere."""
    predicted = np.where(np.isfinite(truth.keypoints), truth.keypoints, 50.0)
    for row, name in enumerate(truth.exams):
        exam = ["s0", "s1/first", "s1/second", "s2"].index(name)
        if truth.index["slice_plane"][row] != "sagittal":
            predicted[row, :, 0] += moved_mm[exam] * 2 / 1.7
    return ExamScores(truth, predicted, np.full(predicted.shape[:2], confidence), MEASURE, EVALUATE)


def test_a_shift_is_the_error_of_the_centre_and_of_nothing_else(truth: Truth) -> None:
    head = head_of(truth, (1.0, 2.0, 3.0, 10.0))
    found = head.groups()["exams"]
    assert found["count"] == found["scored"] == 4
    assert found["centre_median_mm"] == pytest.approx(2.5)
    assert found["centre_mean_mm"] == pytest.approx(4)
    assert found["centre_p95_mm"] == pytest.approx(np.quantile([1, 2, 3, 10], 0.95))
    assert found["centre_median_mm_low"] < 2.5 < found["centre_median_mm_high"]
    assert found["angle_median_deg"] == pytest.approx(0, abs=1e-5)
    assert found["extent_median_mm"] == pytest.approx(0, abs=1e-9)
    assert found["measured_share"] == 1
    assert [name for name, _ in head.measured([])] == ["s0", "s1/first", "s1/second", "s2"]


def test_refusing_does_not_improve_the_errors(truth: Truth) -> None:
    head = head_of(truth, (1.0, 2.0, 3.0, 10.0), confidence=0.2)
    found = head.groups()["exams"]
    assert found["measured_share"] == 0 and np.isnan(found["centre_measured_mm"])
    assert found["centre_median_mm"] == pytest.approx(2.5)
    assert {m.reason for m in head.measurements} == {"missing_point"}


def test_every_image_has_its_exams_error_so_slices_do_too(truth: Truth) -> None:
    head = head_of(truth, (1.0, 2.0, 3.0, 10.0))
    columns = head.columns(NAMES)
    np.testing.assert_allclose(columns["exam_centre_mm"], [1, 2, 3, 10] * 3)
    assert columns["measured_as"].tolist() == ["s0", "s1/first", "s1/second", "s2"] * 3
    table = slice_table(truth, [head], EVALUATE).set_index(["slice", "value"])["exam_centre_median_mm"]
    assert table["plane", "coronal"] == pytest.approx(2.5)
    assert table["subject", "s1"] == pytest.approx(2.5) and table["subject", "s2"] == pytest.approx(10)


def test_an_exam_that_is_not_labelled_well_enough_is_not_scored(truth: Truth) -> None:
    truth.keypoints[0] = np.nan  # the axial plane of the first
    found = head_of(truth, (1.0, 2.0, 3.0, 10.0)).groups()["exams"]
    assert found["count"] == 4 and found["scored"] == 3
    assert found["centre_median_mm"] == pytest.approx(3)


def test_figure_and_words(truth: Truth, tmp_path: Path) -> None:
    head = head_of(truth, (1.0, 2.0, 3.0, 10.0))
    (draw,) = head.drawings(None).values()  # type: ignore[arg-type]
    draw(tmp_path / "exams.png")
    assert (tmp_path / "exams.png").stat().st_size > 5000
    rows = words.rows(head.groups())
    assert [row[0] for row in rows[:2]] == ["exams: centre, median error", "exams: angle, median error"]
    assert rows[0][1] == "2.50 mm"
