"""Smoothing at uneven times."""

import numpy as np

from heelstrike.measure.steps.smooth import local_fit, outliers


def test_a_parabola_stays_a_parabola_at_uneven_times_with_gaps() -> None:
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0, 10, 300))
    signal = np.where(rng.uniform(size=300) < 0.3, np.nan, 3 - 2 * times + 0.5 * times**2)
    at = np.linspace(1, 9, 50)
    value, slope = local_fit(times, signal, at, 0.5)
    np.testing.assert_allclose(value, 3 - 2 * at + 0.5 * at**2, atol=1e-5)
    np.testing.assert_allclose(slope, -2 + at, atol=1e-4)


def test_nothing_is_invented_within_a_gap_or_beyond_the_ends() -> None:
    times = np.concatenate([np.arange(0, 2, 0.02), np.arange(4, 6, 0.02)])
    value, _ = local_fit(times, np.ones_like(times), np.array([-1.0, 0.05, 1.95, 3.0, 4.05, 7.0]), 0.2)
    assert np.isnan(value[[0, 3, 5]]).all()
    np.testing.assert_allclose(value[[1, 2, 4]], 1, atol=1e-6)
    assert np.isnan(local_fit(times, np.full_like(times, np.nan), times, 0.2)[0]).all()


def test_noise_is_reduced() -> None:
    rng = np.random.default_rng(3)
    times = np.arange(0, 20, 1 / 60)
    value, _ = local_fit(times, rng.standard_normal(len(times)), times, 0.16)
    assert np.nanstd(value) < 0.5


def test_what_jumps_and_comes_back_is_an_outlier_and_what_moves_is_not() -> None:
    times = np.arange(0, 3, 1 / 50)
    signal = 40 * np.sin(4 * times)
    assert not outliers(times, signal, 5).any()
    signal[[30, 80]] += [60, -60]
    signal[100] = np.nan
    assert np.flatnonzero(outliers(times, signal, 5)).tolist() == [30, 80]


def test_what_swings_beside_a_gap_is_no_outlier() -> None:
    times = np.arange(0, 3, 1 / 60)
    signal = 60 * np.sin(12 * times)
    signal[40:46] = np.nan
    signal[47:50] = np.nan
    assert not outliers(times, signal, 3).any()
