"""Calibration and judgement of temporal models: radii that hold on new people, and a verdict by stated numbers."""

from functools import cache

import numpy as np
import pytest

from heelstrike.measure.build import build_measure
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import RearfootSettings
from heelstrike.preprocess.windows import Track
from pipeline.evaluate.temporal.answers import Both, Judgeable, both_of
from pipeline.evaluate.temporal.calibrate import calibrated
from pipeline.evaluate.temporal.judge import figures_of, judge_temporal
from pipeline.evaluate.temporal.result import Verdict
from pipeline.evaluate.temporal.words import described, rows
from pipeline.models.temporal.saved import TemporalPlan
from pipeline.train.temporal.tracks import LabelledTrack, Placed
from tests.packages import LEFT, RIGHT, SHARES

PLAN = TemporalPlan(
    network="LSTM", points=6, width=8, slots=9, step_s=0.04, confidence=0.5, fill=0.05, margin=0.05, history=(1.0,)
)
NOISE = 0.5
RADII = Radii(level=0.9, subjects=12, difficulty=((1.0, 1.0),), factors=(1.1,) * 6)
MEASURE = build_measure(RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT), (*LEFT, *RIGHT), 0.5)


def video(subject: int, ours: float, lost: float = 0.1, copy: int = 0, frames: int = 16) -> Judgeable:
    """Walking legs: the network is off by normal noise in pixels, the temporal model by `ours` times that."""
    rng = np.random.default_rng([subject, copy])
    times = np.arange(frames) / 25
    truth = np.array(SHARES) * 200 + (40 * times)[:, None, None] * [1, 0]
    noise = NOISE * rng.standard_normal(truth.shape)
    confidence = np.where(rng.uniform(size=truth.shape[:2]) < lost, 0.1, 0.9)
    labelled = LabelledTrack(f"s{subject}", Track(times, truth + noise, confidence), truth)
    placed = Placed.of(labelled, PLAN.window)
    sizes = np.array([window.size for window in placed.made])[:, None]
    places = placed.arrays.truth + ours * noise[placed.frames] / sizes[..., None]
    return Judgeable(labelled, placed, places, np.full(places.shape[:2], NOISE * max(ours, 0.1)) / sizes)


@cache
def videos(first: int, ours: float, count: int = 12) -> dict[str, list[Judgeable]]:
    return {
        "usual": [video(first + n, ours) for n in range(count)],
        "disturbed": [video(first + n, ours, lost=0.25, copy=1) for n in range(count)],
    }


def test_radii_cover_what_they_promise_on_new_people() -> None:
    settings = calibrated(videos(0, 0.9), PLAN, RADII, None)
    assert settings.corrects
    # the quantile of a Rayleigh distribution in units of its parameter; one of 13 people counts as infinitely far off
    level = 0.9 * 13 / 12
    assert settings.seen == pytest.approx(np.sqrt(-2 * np.log(1 - level)), rel=0.1)
    assert settings.filled is not None and settings.filled >= settings.seen
    for each in videos(1000, 0.9).values():
        figures = figures_of([both_of(one, settings, RADII) for one in each])
        assert 0.95 < figures.covered < 0.995
        assert figures.filled_covered > 0.93


def test_half_widths_cover_what_they_promise_on_new_people() -> None:
    assert MEASURE is not None
    settings = calibrated(videos(0, 0.9), PLAN, RADII, MEASURE)
    again = calibrated(videos(2000, 0.9), PLAN, RADII, MEASURE)
    assert set(settings.quantities) == {"left", "right"}
    for side in ("left", "right"):
        one, other = settings.quantities[side], again.quantities[side]
        assert one is not None and other is not None and one == pytest.approx(other, rel=0.25)


def test_too_few_people_or_no_level_give_no_limit() -> None:
    few = calibrated(videos(0, 0.9, count=8), PLAN, RADII, MEASURE)
    assert (few.seen, few.filled, few.quantities) == (None, None, {"left": None, "right": None})
    assert calibrated(videos(0, 0.9), PLAN, None, MEASURE).seen is None
    both = both_of(video(5, 0.9), few)
    assert not both.filled.any() and np.isinf(both.radius[np.isfinite(both.own[..., 0])]).any()


def test_keypoints_that_a_frame_shows_stay_as_they_are_if_correcting_them_does_not_pay() -> None:
    settings = calibrated(videos(0, 1.1), PLAN, RADII, None)
    assert not settings.corrects
    both = both_of(video(5, 1.1), settings, RADII)
    seen = np.isfinite(both.own[..., 0])
    np.testing.assert_array_equal(both.several[seen], both.own[seen])
    np.testing.assert_allclose(both.radius[seen], 1.1)
    assert both.filled.any() and not (both.filled & seen).any()
    verdict = judge_temporal(videos(1000, 1.1), settings, PLAN.margin, RADII)
    assert verdict.kept and "those that a frame shows stay as they are" in described(verdict)


def test_a_model_that_halves_the_errors_is_kept() -> None:
    settings = calibrated(videos(0, 0.5), PLAN, RADII, None)
    verdict = judge_temporal(videos(1000, 0.5), settings, PLAN.margin, RADII)
    assert verdict.kept and verdict.reasons == ()
    usual = verdict.figures["usual"]
    assert usual["rmse_px"] == pytest.approx(NOISE * np.sqrt(2) / 2, rel=0.05)
    assert usual["rmse_px_per_frame"] == pytest.approx(NOISE * np.sqrt(2), rel=0.06)
    # second differences of independent noise have 1 + 4 + 1 times its variance
    assert usual["jitter_px_per_frame"] == pytest.approx(NOISE * np.sqrt(12), rel=0.05)
    assert usual["answered"] > usual["answered_per_frame"] == pytest.approx(0.9, abs=0.02)
    assert "answers from several frames" in described(verdict)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_a_model_that_makes_it_worse_is_not_kept() -> None:
    settings = calibrated(videos(0, 0.9), PLAN, RADII, None)
    verdict = judge_temporal(videos(1000, 1.2), settings, PLAN.margin, RADII)
    assert not verdict.kept and len(verdict.reasons) == 4
    assert verdict.reasons[0].startswith("on usual videos the error is")
    too_sure = settings.model_copy(update={"filled": 0.5})
    assert "promised are 90" in judge_temporal(videos(1000, 0.9), too_sure, PLAN.margin, RADII).reasons[0]
    text = described(verdict)
    assert "predicts every frame by itself" in text and verdict.reasons[0] in text
    assert len(rows(verdict)) == 10


def test_a_model_that_answers_nothing_more_is_not_kept() -> None:
    settings = calibrated(videos(0, 1.1), PLAN, None, None)  # without radii no missing keypoint is answered
    verdict = judge_temporal(videos(1000, 1.1), settings, PLAN.margin)
    assert len(verdict.reasons) == 1 and "on disturbed videos the error is not lower, and 7" in verdict.reasons[0]


def test_without_test_videos_it_is_not_kept_and_says_why() -> None:
    settings = calibrated(videos(0, 0.5), PLAN, RADII, None)
    verdict = judge_temporal({"usual": [], "disturbed": []}, settings, 0.05)
    assert not verdict.kept and "could not be judged" in verdict.reasons[0]
    assert rows(verdict) == [] and verdict.numbers() == {"kept": 0.0}


def test_keypoints_that_only_one_model_answers_do_not_count_for_the_error() -> None:
    truth = np.zeros((5, 1, 2))
    own = np.array([1.0, np.nan, 1.0, 1.0, 1.0])[:, None, None] * [1.0, 0.0]
    several = np.array([2.0, 50.0, 2.0, 2.0, 2.0])[:, None, None] * [1.0, 0.0]
    filled = np.array([0, 1, 0, 0, 0], bool)[:, None]
    radius = np.array([3.0, 60.0, 1.0, 3.0, np.inf])[:, None]
    figures = figures_of([Both("a", truth, own, several, np.ones((5, 1)), filled, radius)])
    assert (figures.rmse_px, figures.rmse_px_per_frame, figures.filled_rmse_px) == (2, 1, 50)
    assert (figures.answered, figures.answered_per_frame) == (1, 0.8)
    assert (figures.covered, figures.filled_covered, figures.jitter_px) == (0.75, 1, 0)
