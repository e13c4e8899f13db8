"""Quantiles of scores against closed forms, and what they promise on data that are drawn alike."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluate.conformal import (
    Scored,
    confidence_helps,
    cross_fitted,
    difficulty_at,
    fit_difficulty,
    pooled_factors,
    subject_quantile,
)


@given(st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_one_image_a_subject_is_the_usual_quantile(count: int, level: float, seed: int) -> None:
    scores = np.random.default_rng(seed).exponential(size=count)
    rank = math.ceil((count + 1) * level - 1e-9)
    expected = np.sort(scores)[rank - 1] if rank <= count else math.inf
    assert subject_quantile(scores, np.arange(count), level) == expected


def test_too_few_subjects_promise_nothing_however_many_their_frames() -> None:
    scores = np.arange(800.0)
    assert subject_quantile(scores, np.arange(800) % 8, 0.9) == math.inf
    assert subject_quantile(scores, np.arange(800) % 9, 0.9) == 799
    assert subject_quantile(np.array([]), np.array([]), 0.9) == math.inf


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_each_subject_counts_alike_whatever_the_number_of_its_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, subjects = rng.exponential(size=60), np.repeat(np.arange(20), 3)
    often = np.where(subjects == rng.integers(20), 7, 1)
    more = np.repeat(scores, often), np.repeat(subjects, often)
    assert subject_quantile(*more, 0.8) == subject_quantile(scores, subjects, 0.8)


def people(rng: np.random.Generator, subjects: int, frames: int) -> np.ndarray:
    """(subjects, frames) errors: people differ threefold, frames of one resemble each other."""
    return np.exp(rng.normal(0, 0.8, (subjects, 1)) + rng.normal(0, 0.4, (subjects, frames)))


@pytest.mark.parametrize(("subjects", "level"), [(15, 0.9), (40, 0.9), (24, 0.8)])
def test_frames_of_new_people_are_within_as_often_as_promised(subjects: int, level: float) -> None:
    rng, draws = np.random.default_rng(subjects), 600
    inside = [
        people(rng, 1, 1)[0, 0] <= subject_quantile(people(rng, subjects, 5).ravel(), who, level)
        for who in [np.repeat(np.arange(subjects), 5)]
        for _ in range(draws)
    ]
    noise = 3 * math.sqrt(level * (1 - level) / draws)
    assert level - noise <= np.mean(inside) <= level + 1 / (subjects + 1) + noise


def points(rng: np.random.Generator, subjects: int = 40, frames: int = 25, informative: bool = True) -> Scored:
    """Points of which a tenth is unsure; if the confidence is informative, these are ten times farther off."""
    who = np.repeat(np.arange(subjects), frames)
    unsure = rng.random(len(who)) < 0.1
    confidence = np.where(unsure, rng.uniform(0.3, 0.7, len(who)), rng.uniform(0.95, 1, len(who)))
    error = rng.exponential(size=len(who)) * (np.where(unsure, 10, 1) if informative else 1)
    return Scored(error, confidence, who, np.zeros(len(who), int))


def test_difficulty_follows_the_errors_and_never_falls_where_confidence_does() -> None:
    found = points(np.random.default_rng(1))
    knots = fit_difficulty(found, 0.9)
    at, size = np.array(knots).T
    assert (np.diff(at) > 0).all() and (np.diff(size) <= 0).all()
    low, high = difficulty_at(knots, np.array([0.5, 0.98]))
    # the 0.9 quantile of an exponential is ln 10
    assert low == pytest.approx(10 * math.log(10), rel=0.35) and high == pytest.approx(math.log(10), rel=0.2)
    assert confidence_helps(found, cross_fitted(found, 0.9), 0.9)


def test_confidence_that_tells_nothing_does_not_help() -> None:
    found = points(np.random.default_rng(2), informative=False)
    assert not confidence_helps(found, cross_fitted(found, 0.9), 0.9)


def test_few_points_and_equal_confidences_have_one_difficulty() -> None:
    few = Scored(*(part[:30] for part in points(np.random.default_rng(3))))
    assert len(fit_difficulty(few, 0.9)) == 1
    equal = points(np.random.default_rng(3))._replace(confidence=np.ones(1000))
    ((at, size),) = fit_difficulty(equal, 0.9)
    assert at == 1 and size == pytest.approx(np.quantile(equal.error, 0.9), rel=1e-5)


def test_the_difficulty_of_a_point_does_not_depend_on_its_own_subject() -> None:
    found = points(np.random.default_rng(4))
    first = found.subject == 0
    changed = found._replace(error=np.where(first, 1000.0, found.error))
    np.testing.assert_array_equal(cross_fitted(changed, 0.9)[first], cross_fitted(found, 0.9)[first])


def test_own_scores_then_the_pair_s_then_all() -> None:
    """At 0.9 a factor needs nine subjects, and fifty scores of its own."""
    rng = np.random.default_rng(5)
    scores = rng.exponential(size=(60, 4))
    scores[30:, 1:3] = np.nan  # 30 each, 60 together
    scores[20:, 3] = np.nan
    pair = ["b", "c"]
    groups = {name: [[name], *([pair] if name in pair else []), list("abcd")] for name in "abcd"}
    found = pooled_factors(scores, np.arange(60), groups, 0.9)
    assert found.pooled == {"b": "b, c", "c": "b, c", "d": "a, b, c, d"}
    assert found.values["a"] == np.sort(scores[:, 0])[54]  # ceil(61 * 0.9) = 55
    assert found.values["b"] == found.values["c"]
    few = pooled_factors(scores[:8], np.arange(8), groups, 0.9)
    assert set(few.values.values()) == {math.inf}
