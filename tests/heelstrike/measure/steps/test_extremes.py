"""Extremes of a signal on a grid."""

import numpy as np

from heelstrike.measure.steps.extremes import between, local_lows, turning_points


def test_lows_are_those_within_the_limits_and_not_beside_what_is_unknown() -> None:
    signal = np.array([0, 3, 1, 2, 0.5, 4, np.nan, -1, 5, 2, 6.0])
    assert local_lows(signal, 0, 11).tolist() == [2, 4, 9]
    assert local_lows(signal, 3, 9).tolist() == [4]
    assert not len(local_lows(signal, 11, 11))


def test_a_low_between_the_times_of_the_grid() -> None:
    at = np.arange(6.0)
    assert 3 + between((at - 2.7) ** 2, 3) == 2.7


def test_highs_and_lows_alternate_and_what_goes_on_outside_is_none() -> None:
    signal = np.array([1, 0, 2, 1.9, 2.1, np.nan, 0, 0.1, 3.0])
    assert turning_points(signal, 1) == ([4], [1, 6])
    assert turning_points(signal, 0.15) == ([4], [1, 6])
    assert turning_points(np.full(4, np.nan), 1) == ([], [])
