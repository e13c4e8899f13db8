"""What a gate looks at where exams are measured: each exam counts once."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from heelstrike.package.runtime import Prediction
from pipeline.heads import error
from pipeline.params import parse_params
from pipeline.prepare.labelled import Labelled
from pipeline.registry.examine import examine
from tests.exams import NAMES, SETTINGS, exam_of

SECTION = {
    "problem": {"keypoints": NAMES, "input": {"width": 64, "height": 64}},
    "collect": {"sources": [{"kind": "landmarks"}]},
    "model": {"name": "spatial"},
    "measure": SETTINGS,
}


def test_an_exams_error_stands_once_and_an_answer_that_is_no_number_is_infinite(tmp_path: Path) -> None:
    params = parse_params({"problems": ["p"], "p": SECTION})["p"]
    exams = [exam_of(np.random.default_rng(n), tilt=0, oblique=0)[0] for n in range(3)]
    keypoints, placement = (np.concatenate([getattr(e, part) for e in exams]) for part in ("keypoints", "placement"))
    labelled = np.isfinite(keypoints[..., 0])
    labelled[8] = False  # the third exam has no labels on its sagittal plane
    answers = np.where(labelled[..., None], keypoints, 60.0)
    for row in (0, 1, 3, 4):  # the axial and coronal planes of the first two: 5 mm to the left of the patient
        answers[row, :, 0] += 5 / 1.7
    answers[4, 4] = np.nan
    cv2.imwrite(str(tmp_path / "i.png"), np.zeros((129, 129), np.uint8))
    tests = error.TestSet(
        images=(Labelled(tmp_path / "i.png"),) * 9,
        keypoints=np.nan_to_num(keypoints),
        labelled=labelled,
        boxes=np.zeros((9, 4)),
        classes=np.zeros(9, np.int64),
        objects=(),
        subjects=("a",) * 3 + ("b",) * 6,
        mm_per_px=np.full(9, 1.7),
        slices={},
        digest="",
        exams=("a",) * 3 + ("b/1",) * 3 + ("b/2",) * 3,
        placement=placement,
    )
    said = iter([answers[0]] * 4 + list(answers[1:]))  # the first image warms up
    package = SimpleNamespace(
        manifest=SimpleNamespace(filters=(), category=SimpleNamespace(classes=())),
        mirrors=lambda slices: False,
        predict_filtered=lambda image, mirrored=False: Prediction(next(said), np.ones(len(NAMES))),
        folder=tmp_path,
    )
    found = examine(package, tests, params, "it").angle  # type: ignore[arg-type]
    assert found is not None
    np.testing.assert_allclose(found[[0, 3]], [5, np.inf])
    assert np.isnan(np.delete(found, [0, 3])).all()
