"""A package run over the test set: what it answered, and which cases it is scored on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.params import ProblemParams, parse_params
from pipeline.prepare.labelled import Labelled
from pipeline.registry.examine import examine
from tests.cases import make_cases

SECTION = {
    "problem": {"keypoints": ["a", "b"], "input": {"width": 64, "height": 64}},
    "collect": {"sources": [{"kind": "csv"}]},
    "model": {"name": "spatial"},
}
TRUTH = np.array([[[10.0, 10], [20, 20]], [[10, 10], [20, 20]]])


@pytest.fixture
def params() -> ProblemParams:
    return parse_params({"problems": ["p"], "p": SECTION})["p"]


@pytest.fixture
def tests(tmp_path: Path) -> JudgedSplit:
    """Two images of twice the input's size."""
    cv2.imwrite(str(tmp_path / "i.png"), np.zeros((128, 128), np.uint8))
    cases = make_cases({"keypoints": TRUTH}, {}, scale=np.full(2, np.nan))
    return JudgedSplit((Labelled(tmp_path / "i.png"),) * 2, cases, "")


def package(keypoints: np.ndarray) -> Any:
    """Answers these points to every image."""
    return SimpleNamespace(
        manifest=SimpleNamespace(filters=(), category=SimpleNamespace(classes=())),
        mirrors=lambda slices: False,
        predict_filtered=lambda image, mirrored=False: Prediction(keypoints, np.ones(len(keypoints))),
        folder=Path("it"),
    )


def test_without_evaluates_cases_a_package_is_scored_on_its_own_answers(
    params: ProblemParams, tests: JudgedSplit
) -> None:
    examined = examine(package(TRUTH[0] + 4), tests, params, "it")
    assert examined.run.scale.tolist() == [0.5, 0.5]
    assert examined.score.value == pytest.approx(2)
    assert examined.difference == 0
    assert examined.latency_ms >= 0


def test_evaluates_cases_are_what_it_is_scored_on_and_compared_with(params: ProblemParams, tests: JudgedSplit) -> None:
    evaluated = make_cases({"keypoints": TRUTH}, {"keypoints": TRUTH + 3})
    examined = examine(package(TRUTH[0] + 4), tests, params, "it", evaluated)
    assert examined.score.value == pytest.approx(1.5)
    assert examined.difference == pytest.approx(0.5)


def test_evaluates_cases_of_other_images_are_refused(params: ProblemParams, tests: JudgedSplit) -> None:
    evaluated = make_cases({"keypoints": TRUTH}, {"keypoints": TRUTH}, images=np.array(["image1", "image0"]))
    with pytest.raises(UserError, match="of other images than the test split, or in another order"):
        examine(package(TRUTH[0]), tests, params, "it", evaluated)


def test_a_package_of_another_problem_is_refused(params: ProblemParams, tests: JudgedSplit) -> None:
    with pytest.raises(UserError, match="it: predicts 3 keypoints, the problem has 2; other keypoints"):
        examine(package(np.zeros((3, 2))), tests, params, "it")
