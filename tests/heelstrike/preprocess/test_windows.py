"""Windows in time: slots at fixed times at every frame rate, gaps bridged only from both sides, no matter how large."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.preprocess.windows import Slots, Track, Window, window_at

SLOTS = Slots(5, 0.04, 0.5)
POINTS = np.array([[0.0, 0.0], [10.0, 50.0], [0.0, 100.0]])
SPEED = np.array([50.0, -25.0])  # pixels a second


def track(times: np.ndarray, size: float = 1.0, left: float = 0.0) -> Track:
    """Three keypoints that move evenly, all of them sure."""
    points = POINTS + times[:, None, None] * SPEED
    return Track(times, left + size * points, np.full((len(times), 3), 0.9))


def window(made: Track, frame: int) -> Window:
    found = window_at(made, frame, SLOTS)
    assert found is not None
    return found


def pixels(made: Window) -> np.ndarray:
    return made.centre + made.size * made.points


@pytest.mark.parametrize("rate", [15, 25, 30, 60, 240])
def test_every_frame_rate_gives_the_same_slots(rate: int) -> None:
    made = track(np.arange(rate) / rate)
    middle = rate // 2
    expected = POINTS + (middle / rate + 0.04 * np.arange(-2, 3))[:, None, None] * SPEED
    found = window(made, middle)
    inside = slice(None) if rate >= 25 else slice(1, 4)  # frames further apart than slots do not reach the outer ones
    np.testing.assert_allclose(pixels(found)[inside], expected[inside], atol=1e-9)
    np.testing.assert_allclose(pixels(found)[2], made.keypoints[middle], atol=1e-9)


@given(st.lists(st.floats(0.005, 0.02), min_size=12, max_size=40))
def test_a_variable_frame_rate_gives_the_same_slots_as_an_even_one(steps: list[float]) -> None:
    times = np.cumsum(steps)
    middle = int(np.abs(times - times[-1] / 2).argmin())
    reached = (times[middle] - times[0], times[-1] - times[middle])
    if min(reached) < 0.1:
        return
    expected = POINTS + (times[middle] + 0.04 * np.arange(-2, 3))[:, None, None] * SPEED
    np.testing.assert_allclose(pixels(window(track(times), middle)), expected, atol=1e-6)


@given(st.floats(0.02, 50), st.floats(-1e4, 1e4))
def test_neither_size_nor_place_matters(size: float, left: float) -> None:
    times = np.arange(20) / 25
    small, large = window(track(times), 9), window(track(times, size, left), 9)
    np.testing.assert_allclose(large.points, small.points, atol=1e-6)
    assert large.size == pytest.approx(size * small.size, rel=1e-6)


def test_a_missing_keypoint_is_interpolated_without_confidence() -> None:
    made = track(np.arange(9) / 25)
    made.confidence[4, 1] = 0.2
    made.keypoints[4, 1] = np.nan
    found = window(made, 4)
    np.testing.assert_allclose(pixels(found)[2, 1], POINTS[1] + 4 / 25 * SPEED, atol=1e-9)
    assert found.known.all()
    assert (found.confidence[2] == [0.9, 0, 0.9]).all() and (found.confidence[1] == 0.9).all()


def test_a_missing_keypoint_moves_with_its_nearest_neighbour() -> None:
    """The leg swings; its marker in the middle is covered, and the one below is nearer than the one above."""
    times = np.arange(9) / 25
    points = POINTS[None] * [1, 0.6] + np.stack([30 * np.sin(9 * times), 12 * np.cos(7 * times)], axis=1)[:, None]
    points[:, 2, 0] += 40  # another leg that stands
    points[:, 2] = points[:1, 2]
    made = Track(times, points.copy(), np.full((9, 3), 0.9))
    made.confidence[3:6, 1] = 0
    made.keypoints[3:6, 1] = np.nan
    for frame in (3, 4, 5):
        found = window_at(made, frame, Slots(9, 0.04, 0.5))
        assert found is not None
        np.testing.assert_allclose(pixels(found)[4, 1], points[frame, 1], atol=1e-9)


def test_a_keypoint_that_is_missing_at_one_side_is_not_known() -> None:
    made = track(np.arange(9) / 25)
    made.confidence[4:, 1] = 0
    assert window(made, 4).known.tolist() == [True, False, True]


def test_a_keypoint_that_most_frames_lack_is_not_known() -> None:
    made = track(np.arange(9) / 25)
    made.confidence[[2, 4, 6], 1] = 0
    assert window(made, 4).known.tolist() == [True, False, True]  # in two of five frames only


def test_lost_frames_are_bridged_and_have_no_confidence() -> None:
    times = np.delete(np.arange(9) / 25, [3, 5])
    found = window(track(times), 3)
    assert found.frames == 3
    np.testing.assert_allclose(pixels(found), pixels(window(track(np.arange(9) / 25), 4)), atol=1e-9)
    assert found.confidence[:, 0].tolist() == [0.9, 0, 0.9, 0, 0.9]


def test_the_ends_of_a_video_have_no_confidence_beyond() -> None:
    found = window(track(np.arange(9) / 25), 0)
    assert found.confidence[:, 0].tolist() == [0, 0, 0.9, 0.9, 0.9]


def test_too_few_frames_give_no_window() -> None:
    assert window_at(track(np.arange(2) / 25), 0, SLOTS) is None
    assert window_at(track(np.arange(9) / 2), 4, SLOTS) is None  # two frames a second
    assert window_at(track(np.arange(9) / 25, size=1e-3), 4, SLOTS) is None  # all in one pixel
