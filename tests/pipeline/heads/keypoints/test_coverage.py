"""Radii fitted on some people and checked on others, and what is said of them."""

import math

import numpy as np
import pandas as pd
import pytest

from heelstrike.measure.base import Measure
from pipeline.evaluate.calibrate import keypoint_radii, with_quantities
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.keypoints import radius_words
from pipeline.heads.keypoints.coverage import BoundedErrors, Promise, coverage_numbers, off_promise
from pipeline.heads.keypoints.evaluation import KeypointScores
from pipeline.models.inference import ArrayPredictions
from pipeline.problem import Problem
from pipeline.scoring.cases import Truth
from tests.heelstrike.measure import test_footprint as footprint
from tests.heelstrike.measure import test_rearfoot as rearfoot

SETTINGS = EvaluateSettings(bootstrap=200)
PROBLEM = Problem(keypoints=("a", "b", "c"), flip_pairs=(("a", "b"),))
SCALE = 0.25


def people(seed: int, subjects: int, mm_per_px: float = math.nan) -> tuple[Truth, ArrayPredictions]:
    """Six images of each; c is three times as far off as the others, and what is unsure eight times as far as that."""
    rng, count = np.random.default_rng(seed), 6 * subjects
    who = [f"s{n:03d}" for n in np.repeat(np.arange(subjects), 6)]
    index = pd.DataFrame({"image": "x", "subject": who, "width": 400, "height": 300})
    index = index.assign(mm_per_px=mm_per_px, mirrored=False)
    visibility = np.where(rng.random((count, 3)) < 0.1, 0, 2).astype(np.uint8)
    points = np.where(visibility[..., None] > 0, rng.uniform(20, 80, (count, 3, 2)), np.nan)
    unsure = rng.random((count, 3)) < 0.15
    size = (
        np.array([1, 1, 3.0])
        * np.where(unsure, 8, 1)
        * np.exp(rng.normal(0, 0.3, subjects))[np.arange(count) // 6, None]
    )
    numbers = np.nan_to_num(points, nan=50) + size[..., None] * rng.normal(size=points.shape)
    confidence = np.where(unsure, rng.uniform(0.2, 0.6, unsure.shape), rng.uniform(0.9, 1, unsure.shape))
    letterbox = np.tile([SCALE, 0.0, 0.0], (count, 1))
    return Truth(index, points, visibility, np.zeros((count, 4)), letterbox), {
        "keypoints": numbers,
        "confidence": confidence,
    }


def head(truth: Truth, predicted: ArrayPredictions, promise: Promise) -> KeypointScores:
    return KeypointScores(truth, predicted["keypoints"], predicted["confidence"], None, SETTINGS, 0.3, promise)


@pytest.fixture(scope="module")
def promise() -> Promise:
    radii = keypoint_radii(*people(1, 80), PROBLEM, 0.9)
    return Promise(radii, PROBLEM.keypoints)


def test_one_validation_subject_gives_no_radii_and_a_note() -> None:
    truth, predicted = people(1, 1)
    radii = keypoint_radii(truth, predicted, PROBLEM, 0.6)  # enough points for two difficulties, one subject too few
    assert radii.factors == (None, None, None) and radii.subjects == 1
    metrics = head(truth, predicted, Promise(radii, PROBLEM.keypoints)).groups()
    assert any("too few subjects" in sentence for sentence in radius_words.sentences(metrics, None))


def test_new_people_are_within_radii_that_follow_keypoint_and_confidence(promise: Promise) -> None:
    numbers = head(*people(2, 150, 0.5), promise).groups()["radius"]
    assert numbers["coverage_low"] <= 0.9 + 1 / 81 and numbers["coverage_high"] >= 0.9
    for name in PROBLEM.keypoints:
        assert numbers[f"{name}_coverage"] == pytest.approx(0.9, abs=0.04)
    assert numbers["c_mean_px"] == pytest.approx(3 * numbers["a_mean_px"], rel=0.3)
    assert numbers["mean_mm"] == pytest.approx(0.5 * numbers["mean_px"])
    assert numbers["mean_mm_low"] < numbers["mean_mm"] < numbers["mean_mm_high"]
    sure, unsure = promise.radii.of(np.array([[0.98] * 3, [0.3] * 3]), np.array([SCALE, SCALE]))
    np.testing.assert_allclose(unsure / sure, 8, rtol=0.4)
    # the 0.9 quantile of a distance with two Gaussian coordinates of standard deviation 1, in original pixels
    assert sure[0] == pytest.approx(math.sqrt(2 * math.log(10)) / SCALE, rel=0.25)
    assert promise.radii.subjects == 80 and promise.radii.pooled == {}


def test_fitting_again_gives_the_same_numbers(promise: Promise) -> None:
    assert keypoint_radii(*people(1, 80), PROBLEM, 0.9) == promise.radii


def test_unequal_promises_by_level() -> None:
    wide, narrow = (keypoint_radii(*people(1, 80), PROBLEM, level) for level in (0.95, 0.8))
    assert (wide.of(np.full(3, 0.95)) > narrow.of(np.full(3, 0.95))).all()


def test_few_people_share_a_radius_and_fewer_have_none() -> None:
    few = keypoint_radii(*people(3, 9), PROBLEM, 0.9)
    assert few.pooled and all(factor is not None for factor in few.factors)
    assert keypoint_radii(*people(3, 8), PROBLEM, 0.9).factors == (None,) * 3


def figures(seed: int, shape: np.ndarray, subjects: int) -> tuple[Truth, ArrayPredictions]:
    """Two images of each, 0.5 mm a pixel; half of a point's error is its image's, which all points share."""
    rng, count, points = np.random.default_rng(seed), 2 * subjects, len(shape)
    who = [f"s{n:03d}" for n in np.repeat(np.arange(subjects), 2)]
    index = pd.DataFrame({"image": "x", "subject": who, "width": 900, "height": 900})
    index = index.assign(mm_per_px=0.5, mirrored=False)
    true = np.tile(shape, (count, 1, 1)) + rng.normal(0, 3, (count, points, 2))
    numbers = true + rng.normal(size=(count, 1, 2)) + rng.normal(size=true.shape)
    whole, boxes = np.full((count, points), 2, np.uint8), np.zeros((count, 4))
    truth = Truth(index, true, whole, boxes, np.tile([1.0, 0.0, 0.0], (count, 1)))
    return truth, {"keypoints": numbers, "confidence": np.full(numbers.shape[:2], 0.9)}


@pytest.mark.parametrize(
    ("measure", "shape", "names"),
    [
        (rearfoot.MEASURE, rearfoot.LEGS, rearfoot.NAMES),
        (footprint.MEASURE, 2 * footprint.FOOT + 600, tuple(footprint.KEYPOINTS)),
    ],
    ids=["angles", "lengths"],
)
def test_measurements_are_within_their_half_widths(measure: Measure, shape: np.ndarray, names: tuple[str, ...]) -> None:
    """Though errors of keypoints hang together, which a root of squares alone would not know of."""
    validation, problem = figures(1, shape, 40), Problem(keypoints=names)
    radii = with_quantities(keypoint_radii(*validation, problem, 0.9), *validation, measure)
    truth, predicted = figures(2, shape, 60)
    promise = Promise(radii, names)
    checked = KeypointScores(truth, predicted["keypoints"], predicted["confidence"], measure, SETTINGS, 0.5, promise)
    numbers = checked.groups()[f"{measure.group}_half_width"]
    assert numbers["points"] > 200 and numbers["unlimited_share"] < 0.02
    for name, unit in zip(measure.quantities, measure.units, strict=True):
        assert numbers[f"{name}_coverage"] == pytest.approx(0.9, abs=0.1), name
        assert numbers[f"{name}_mean_{unit}"] > 0


def test_coverage_is_a_share_of_labelled_points_and_of_each_subject() -> None:
    off = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 1.0], [1.0, 9.0]])
    limit = np.array([[2.0, 1.0], [4.0, 9.0], [np.inf, 2.0], [0.5, np.nan]])
    numbers = coverage_numbers(
        BoundedErrors(0.9, off, limit), ("a", "b"), ("px", "px"), np.array(list("xxyz")), SETTINGS
    )
    # inside: 1 0 | 1 - | 1 1 | 0 -
    assert (numbers["points"], numbers["coverage"]) == (6, pytest.approx(4 / 6))
    assert (numbers["a_coverage"], numbers["b_coverage"]) == (0.75, 0.5)
    assert (numbers["subject_coverage_lowest"], numbers["subjects_below_share"]) == (0, pytest.approx(2 / 3))
    assert numbers["unlimited_share"] == pytest.approx(1 / 6)
    assert numbers["mean_px"] == pytest.approx((2 + 1 + 4 + 2 + 0.5) / 5)


def test_what_is_measured_in_another_unit_is_no_part_of_the_mean() -> None:
    bounded = BoundedErrors(0.9, np.ones((2, 2)), np.array([[2.0, 50.0], [2.0, 50.0]]))
    numbers = coverage_numbers(bounded, ("length", "turn"), ("mm", "deg"), np.array(["x", "y"]), SETTINGS)
    assert (numbers["mean_mm"], numbers["turn_mean_deg"], numbers["points"]) == (2, 50, 2)


@pytest.mark.parametrize(
    ("low", "high", "off", "sentence"),
    [
        (0.7, 0.8, -1, "The radii do not keep their promise on the test split: 70.0 to 80.0 % are within, not 90.0 %"),
        (0.85, 0.95, 0, ""),
        (0.95, 0.99, 1, "The radii are wider than necessary on the test split: 95.0 to 99.0 % are within"),
    ],
)
def test_one_sentence_where_the_interval_excludes_the_promise(low: float, high: float, off: int, sentence: str) -> None:
    numbers = {"promised": 0.9, "coverage": 0.9, "coverage_low": low, "coverage_high": high, "unlimited_share": 0.0}
    numbers |= {"subject_coverage_lowest": 0.5, "subjects_below_share": 0.4}
    assert off_promise(numbers) == off
    sentences = radius_words.sentences({"radius": numbers}, None)
    assert len(sentences) == 1 + bool(sentence) and (not sentence or sentences[1].startswith(sentence))


def test_images_beyond_the_limits_of_params_are_counted(promise: Promise) -> None:
    truth, predicted = people(2, 20)
    radius = promise.radii.of(predicted["confidence"], truth.letterbox[:, 0])
    limit = float(np.median(radius))
    groups = head(truth, predicted, promise._replace(max_radius_px=limit)).groups()
    judged = (radius > limit) & (predicted["confidence"] >= 0.3)
    assert groups["radius"]["unreliable_share"] == pytest.approx(judged.any(axis=1).mean())
