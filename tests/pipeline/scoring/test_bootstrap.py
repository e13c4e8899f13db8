"""The clustered bootstrap: closed forms, coverage, determinism, what one cluster does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scoring.bootstrap import ClusterBootstrap, interval, paired_bootstrap


def test_the_spread_of_cluster_means_is_the_closed_form() -> None:
    values = np.random.default_rng(1).normal(0, 1, 50)
    means = ClusterBootstrap(np.arange(50), 20_000, 3).mean(values)
    assert means.mean() == pytest.approx(values.mean(), abs=0.005)
    assert means.std() == pytest.approx(values.std() / np.sqrt(50), rel=0.03)  # no n - 1: resamples of this very set


def test_equal_frames_of_a_subject_add_no_certainty() -> None:
    values = np.random.default_rng(1).normal(0, 1, 12)
    alone = interval(ClusterBootstrap(np.arange(12), 4000, 3).mean(values))
    repeated = interval(ClusterBootstrap(np.repeat(np.arange(12), 25), 4000, 3).mean(np.repeat(values, 25)))
    assert repeated == pytest.approx(alone)
    frames = interval(ClusterBootstrap(np.arange(300), 4000, 3).mean(np.repeat(values, 25)))
    assert frames.high - frames.low < 0.3 * (alone.high - alone.low)


def test_coverage_of_the_interval_is_near_its_level() -> None:
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(30), 8)
    hits = 0
    for trial in range(300):
        values = rng.normal(0, 1, 30)[clusters] + rng.normal(0, 1, 240)  # the true mean is 0
        low, high = interval(ClusterBootstrap(clusters, 400, trial).mean(values))
        hits += low <= 0 <= high
    assert 0.89 <= hits / 300 <= 0.98


def test_rms_and_weights_are_of_the_pooled_points() -> None:
    squares, counts = np.array([4.0, 16.0]), np.array([3.0, 1.0])
    drawn = ClusterBootstrap(np.array(["a", "b"]), 2000, 1).rms(squares, counts)
    assert set(np.round(drawn, 9)) == {2.0, 4.0, round(np.sqrt((12 + 16) / 4), 9)}


@given(
    st.lists(st.floats(-10, 10, allow_nan=False), min_size=1, max_size=25),
    st.integers(1, 8),
)
def test_the_median_is_the_lower_median_of_each_resample(values: list[float], people: int) -> None:
    clusters = np.arange(len(values)) % people
    bootstrap = ClusterBootstrap(clusters, 20, 1)
    found = bootstrap.median(np.array(values))
    for b in range(20):
        pool = np.sort(np.repeat(values, bootstrap._counts[b][bootstrap._code]))
        assert found[b] == pool[(len(pool) - 1) // 2]


def test_the_legs_of_an_image_are_drawn_together() -> None:
    legs = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 4.0]])
    bootstrap = ClusterBootstrap(np.array(["a", "a", "b"]), 300, 1)
    assert set(bootstrap.median(legs)) == {2.0, 3.0}  # of (1, 2, 5), of (1, 2, 3, 4, 5) and of (3, 4)
    assert set(np.round(bootstrap.mean(legs), 9)) == {3.5, 3.0, round(8 / 3, 9)}


def test_images_without_a_value_are_left_out() -> None:
    clusters = np.array(["a", "a", "b", "b"])
    values = np.array([1.0, np.nan, 3.0, np.nan])
    bootstrap = ClusterBootstrap(clusters, 200, 1)
    assert set(bootstrap.mean(values)) == {1.0, 2.0, 3.0}
    assert set(bootstrap.median(values)) == {1.0, 3.0}
    only_a = np.array([1.0, 1.0, np.nan, np.nan])
    drawn = bootstrap.mean(only_a)
    assert np.isnan(drawn).any() and set(drawn[np.isfinite(drawn)]) == {1.0}
    assert interval(drawn) == (1.0, 1.0)


def test_nothing_known_is_no_interval() -> None:
    bootstrap = ClusterBootstrap(np.array(["a", "b"]), 100, 1)
    assert np.isnan(interval(bootstrap.mean(np.full(2, np.nan)))).all()
    assert np.isnan(bootstrap.median(np.full(2, np.nan))).all()


def test_one_cluster_draws_images_and_says_so() -> None:
    bootstrap = ClusterBootstrap(np.full(50, "only"), 500, 1)
    assert bootstrap.drawn == "images"
    low, high = interval(bootstrap.mean(np.arange(50.0)))
    assert low < 24.5 < high
    assert ClusterBootstrap(np.array(["a", "b"]), 500, 1).drawn == "clusters"


def test_the_same_seed_gives_the_same_draws() -> None:
    clusters, values = np.repeat(np.arange(6), 20), np.random.default_rng(2).normal(size=120)
    first, again, other = (ClusterBootstrap(clusters, 300, seed).mean(values) for seed in (4, 4, 5))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_clearly_better_challenger() -> None:
    rng = np.random.default_rng(3)
    clusters = np.repeat([f"s{i}" for i in range(8)], 20)
    champion = rng.gamma(2, 1, 160)
    result = paired_bootstrap(champion - 0.3, champion, clusters, 2000, 1)
    assert result.difference == pytest.approx(-0.3)
    assert result.interval == pytest.approx((-0.3, -0.3))
    assert result.better == 1.0
    turned = paired_bootstrap(champion, champion - 0.3, clusters, 2000, 1)
    assert turned.difference == pytest.approx(0.3) and turned.better == 0.0


def test_equal_models_are_a_coin_toss() -> None:
    errors = np.random.default_rng(3).gamma(2, 1, 100)
    assert paired_bootstrap(errors, errors, np.arange(100) // 10, 1000, 1) == (0.0, (0.0, 0.0), 0.5)


def test_better_on_the_frames_of_one_subject_only_is_no_proof() -> None:
    clusters = np.repeat(["a", "b", "c", "d", "e", "f"], 50)
    difference = np.where(clusters == "a", -6.0, 1.0)  # mean -1/6, carried by one of six people
    result = paired_bootstrap(difference, np.zeros(300), clusters, 4000, 1)
    assert result.difference == pytest.approx(-1 / 6)
    assert result.interval.low < 0 < result.interval.high
    assert 0.4 < result.better < 0.8
    # drawn with replacement, "a" is among six people with 1 - (5/6)^6, and then the mean is at most -1/6
    assert result.better == pytest.approx(1 - (5 / 6) ** 6, abs=0.03)


def test_images_that_one_model_could_not_be_scored_on_are_left_out() -> None:
    clusters = np.array(["a", "a", "b", "b"])
    result = paired_bootstrap(np.array([1.0, np.nan, 1.0, 1.0]), np.array([2.0, 5.0, np.nan, 2.0]), clusters, 100, 1)
    assert result.difference == -1.0 and result.better == 1.0


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="no image is scored by both"):
        paired_bootstrap(np.array([np.nan]), np.array([1.0]), np.array(["a"]), 100, 1)
    with pytest.raises(ValueError, match=r"\(2, 1, 2\)"):
        paired_bootstrap(np.zeros(2), np.zeros(1), np.zeros(2), 100, 1)


def test_twenty_thousand_images() -> None:
    rng = np.random.default_rng(1)
    bootstrap = ClusterBootstrap(np.repeat(np.arange(200), 100), 2000, 1)
    values = rng.gamma(2, 1, 20_000)
    low, high = interval(bootstrap.median(values))
    assert low < np.median(values) < high
