"""Halves of strides from where the legs change places."""

import pytest

from heelstrike.measure.steps.halves import halves_of
from heelstrike.measure.steps.signals import Pass


def walked(*times: float) -> list[Pass]:
    """Legs that change places at these times, the left one rising first, half a second from swing to swing."""
    return [Pass(time, number % 2, 0.5) for number, time in enumerate(times)]


def test_there_is_a_half_before_the_first_and_after_the_last() -> None:
    halves = halves_of(walked(1.0, 1.5, 2.0))
    assert halves is not None
    assert halves.middle.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert halves.rises.tolist() == [1, 0, 1, 0, 1]
    assert halves.seen.tolist() == [False, True, True, True, False]
    assert halves.stride_s == 1.0


def test_a_swing_that_was_not_seen_is_no_half_and_does_not_lengthen_the_stride() -> None:
    passes = [*walked(1.0, 1.5, 2.0), Pass(3.0, 0, 1.0), Pass(3.5, 1, 0.5)]
    halves = halves_of(passes)
    assert halves is not None
    assert halves.middle.tolist() == [0.5, 1.0, 1.5, 2.0, 3.5, 4.0]
    assert halves.stride_s == 1.0


@pytest.mark.parametrize("between", [0.2, 2.0])
def test_what_is_too_fast_or_too_slow_is_no_walk(between: float) -> None:
    assert halves_of([Pass(1.0, 0, between), Pass(1.0 + between, 1, between)]) is None


def test_one_change_of_places_is_a_half_and_none_is_none() -> None:
    halves = halves_of([Pass(1.0, 1, 0.6)])
    assert halves is not None
    assert halves.stride_s == 1.2
    assert halves_of([]) is None
