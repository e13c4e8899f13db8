"""A consumer's folder of scouts: each image its own result, and one for the exam."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.measure.settings import ScanVolumeSettings
from heelstrike.predict.predictor import Report, predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.scans import read_scan
from pipeline.package.category import category_of
from pipeline.problem import Problem
from pipeline.synthetic import scout
from pipeline.synthetic.nifti import nifti
from pipeline.synthetic.settings import SyntheticSource
from tests.exams import NAMES, SETTINGS

SOURCE = SyntheticSource(kind="synthetic", generator="scout", width=64, height=64, seed=1)


class Exact:
    """A package that finds every landmark where it is, with what it knows of the images of the world."""

    def __init__(self) -> None:
        self.known: dict[bytes, dict[str, tuple[float, float]]] = {}
        self.manifest = SimpleNamespace(
            problem="scout",
            mirror=None,
            measure=ScanVolumeSettings.model_validate(SETTINGS),
            category=category_of(Problem(keypoints=NAMES)),
            confidence=0.5,
            radii=None,
            max_radius_px=None,
            digest="0" * 64,
        )

    def mirrors(self, slices: object) -> bool:
        return False

    def predict(self, image: np.ndarray, mirrored: bool = False) -> Prediction:
        points = self.known[image.tobytes()]
        keypoints = np.array([points.get(name, (1.0, 1.0)) for name in NAMES])
        return Prediction(keypoints=keypoints, confidence=np.array([float(name in points) for name in NAMES]))


@pytest.fixture(scope="module")
def cut() -> list[scout.Scout]:
    return [scout.cut(SOURCE, 0, 0, plane) for plane in scout.PLANES]


@pytest.fixture
def package(tmp_path: Path, cut: list[scout.Scout]) -> Exact:
    """And the exam's folder, `tmp_path`/exam_7."""
    found = Exact()
    (tmp_path / "exam_7").mkdir()
    for made, plane in zip(cut, scout.PLANES, strict=True):
        path = tmp_path / "exam_7" / f"{plane}.nii"
        path.write_bytes(nifti(made.values, made.placement, made.slice_mm))
        found.known[read_scan(path).image.tobytes()] = made.points
    return found


def predicted(package: Exact, folder: Path, out: Path) -> Report:
    return predict_path(folder, package, ModelReference("scout/3", "3"), out)  # type: ignore[arg-type]


def test_an_exam_folder_gives_one_volume_beside_its_images_results(tmp_path: Path, package: Exact) -> None:
    report = predicted(package, tmp_path / "exam_7", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "axial.nii.json",
        "coronal.nii.json",
        "exam_7.volume.json",
        "sagittal.nii.json",
    ]
    (exam,) = report.exams
    data = json.loads(exam.file.read_text())
    assert data["format"] == "heelstrike-exam" and data["model"]["reference"] == "scout/3"
    assert data["source"] == {
        "folder": "exam_7",
        "files": ["axial.nii", "coronal.nii", "sagittal.nii"],
        "failed": [],
    }
    measure, truth = data["measure"], scout.truth(SOURCE, 0, 0)
    assert measure["measured"] and measure["coordinates"] == "RAS"
    # places are single precision in NIfTI
    np.testing.assert_allclose(list(measure["axes"].values()), truth.axes, atol=1e-5)
    np.testing.assert_allclose(measure["centre_mm"], truth.centre, atol=6)
    assert measure["disagreement_mm"] < 8
    assert json.loads((tmp_path / "out" / "axial.nii.json").read_text())["frames"][0]["measure"] is None


def test_each_folder_below_is_an_exam_and_results_are_no_inputs(tmp_path: Path, package: Exact) -> None:
    report = predicted(package, tmp_path, tmp_path)
    assert [exam.file for exam in report.exams] == [tmp_path / "exam_7" / "exam_7.volume.json"]
    again = predicted(package, tmp_path, tmp_path)
    assert len(again.done) == 3 and not again.ignored and not again.failed


def test_a_missing_plane_is_a_reason_and_an_unreadable_one_is_named(tmp_path: Path, package: Exact) -> None:
    (tmp_path / "exam_7" / "coronal.nii").write_bytes(b"cut off")
    report = predicted(package, tmp_path / "exam_7", tmp_path / "out")
    data = json.loads(report.exams[0].file.read_text())
    assert data["measure"]["reason"] == "missing_plane"
    assert data["measure"]["message"] == "no coronal plane; found 1 axial, 1 sagittal"
    assert data["source"]["failed"] == ["coronal.nii"]


def test_a_single_image_is_no_exam(tmp_path: Path, package: Exact) -> None:
    assert not predicted(package, tmp_path / "exam_7" / "axial.nii", tmp_path / "out").exams


def test_a_volume_of_somebody_else_stays_and_the_images_results_are_written(tmp_path: Path, package: Exact) -> None:
    (tmp_path / "out").mkdir()
    theirs = tmp_path / "out" / "exam_7.volume.json"
    theirs.write_text('{"volume": "of somebody else"}')
    report = predicted(package, tmp_path / "exam_7", tmp_path / "out")
    assert len(report.done) == 3 and not report.exams
    ((folder, reason),) = report.failed
    assert folder == tmp_path / "exam_7" and reason.startswith(f"{theirs} is not a result of Heelstrike")
    assert theirs.read_text() == '{"volume": "of somebody else"}'
