"""Planes cut from a synthetic head: reproducible, placed in the patient, with labels that agree with the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heelstrike.measure.exam import Exam
from heelstrike.measure.scan_volume import ScanVolume
from heelstrike.measure.settings import ScanVolumeSettings
from heelstrike.scans import read_scan
from pipeline.annotations import placement_of
from pipeline.collect.stage import run as collect
from pipeline.layout import Layout
from pipeline.params import parse_params
from pipeline.prepare.stage import run as prepare
from pipeline.split.stage import run as split
from pipeline.synthetic import scout
from pipeline.synthetic.generators import generate, label_format
from pipeline.synthetic.settings import SyntheticSource
from tests.exams import NAMES, SETTINGS

SMALL = {"kind": "synthetic", "generator": "scout", "subjects": 3, "frames_per_subject": 3, "width": 64, "height": 64}
SOURCE = SyntheticSource.model_validate(SMALL | {"seed": 1})


def exam_of(scouts: list[scout.PlacedPlane]) -> Exam:
    keypoints = np.full((len(scouts), len(NAMES), 2), np.nan)
    for image, made in enumerate(scouts):
        for name, point in made.points.items():
            keypoints[image, NAMES.index(name)] = point
    return Exam(keypoints, np.ones(keypoints.shape[:2]), np.stack([made.placement for made in scouts]))


@pytest.fixture(scope="module")
def cut() -> list[scout.Scout]:
    return [scout.cut(SOURCE, 0, 0, plane) for plane in scout.PLANES]


def test_labels_meet_the_truth_that_the_head_was_made_with() -> None:
    measure, off = ScanVolume(ScanVolumeSettings.model_validate(SETTINGS | {"margin_mm": 0}), NAMES, 0.5), []
    for person in range(6):
        scouts = [scout.landmarks(SOURCE, person, 0, plane) for plane in scout.PLANES]
        measured, truth = measure.values(exam_of(scouts)), scout.truth(SOURCE, person, 0)
        # the axes are exact in any pose; the extents are those visible on the planes, which miss the brain's farthest
        np.testing.assert_allclose(measured[3:12].reshape(3, 3), truth.axes, atol=1e-6)
        off.append(np.abs(measured[:3] - truth.centre).max())
        assert (truth.extents - measured[12:15] < 12).all() and (measured[12:15] - truth.extents < 0.5).all()
    assert np.median(off) < 2.5


def test_a_plane_shows_its_own_points_on_the_sides_that_radiologists_expect(cut: list[scout.Scout]) -> None:
    for made, plane in zip(cut, scout.PLANES, strict=True):
        assert tuple(made.points) == scout.KEYPOINTS[plane]
    axial, coronal, sagittal = (made.points for made in cut)
    assert axial["axial_front"][1] < axial["axial_back"][1]
    assert axial["axial_left"][0] > axial["axial_right"][0], "the patient's left is on the right of the screen"
    assert coronal["coronal_top"][1] < coronal["coronal_base"][1]
    assert sagittal["sagittal_front"][0] < sagittal["sagittal_ac"][0] < sagittal["sagittal_pc"][0]


def test_a_head_is_bright_in_the_middle_and_air_is_dark(cut: list[scout.Scout]) -> None:
    for made in cut:
        corner, middle = made.values[:6, :6].mean(), made.values[24:40, 24:40].mean()
        assert middle > 5 * corner


def test_files_say_where_in_the_patient_they_lie(tmp_path: Path, cut: list[scout.Scout]) -> None:
    one = SyntheticSource.model_validate(SMALL | {"subjects": 1, "seed": 1})
    first, second = (generate(one, tmp_path / name) for name in ("one", "two"))
    assert first.read_text() == second.read_text()
    table = pd.read_csv(first)
    assert list(table["exam"].unique()) == ["exam_00"] and list(table["plane"].unique()) == list(scout.PLANES)
    for name, made in zip(table["image"].unique(), cut, strict=True):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        scan = read_scan(tmp_path / "one" / name)
        np.testing.assert_allclose(scan.placement, made.placement, atol=1e-4)
        assert scan.mm_per_px == pytest.approx(np.linalg.norm(made.placement[1]), rel=1e-6)
    assert label_format(one)["kind"] == "landmarks"


def test_exam_and_placement_reach_the_prepared_arrays(tmp_path: Path) -> None:
    section = {
        "problem": {"keypoints": NAMES, "input": {"width": 32, "height": 32, "channels": 1}},
        "collect": {"sources": [SMALL | {"seed": 1}], "box_buffer_px": 4},
        "split": {"val": 0.34, "test": 0.34, "near_duplicate_bits": None},
        "augment": {"flip": 0},
        "model": {"name": "spatial"},
        "measure": SETTINGS,
    }
    params, layout = parse_params({"problems": ["p"], "p": section})["p"], Layout(tmp_path, "p")
    layout.raw.mkdir(parents=True)
    for stage in (collect, split, prepare):
        stage(params, layout)
    table = pd.read_parquet(layout.out("collect") / "annotations.parquet")
    index = pd.concat([pd.read_parquet(layout.out("prepare") / s / "index.parquet") for s in ("train", "val", "test")])
    assert len(index) == 9 and set(index["exam"]) == {"exam_00"}
    joined = index.merge(table, on="image", suffixes=("", "_table"), validate="one_to_one")
    for row, placed in zip(joined.itertuples(), placement_of(index), strict=True):
        person, plane = int(str(row.subject)[-4:]), Path(str(row.image)).name.partition(".")[0]
        expected = scout.landmarks(SOURCE, person, 0, plane)
        np.testing.assert_allclose(placed, expected.placement, atol=1e-4)
    # a second run reuses every image of the first, with its placement
    before = (layout.out("collect") / "annotations.parquet").read_bytes()
    collect(params, layout)
    assert (layout.out("collect") / "annotations.parquet").read_bytes() == before
