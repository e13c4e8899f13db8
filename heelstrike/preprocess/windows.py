"""Windows of frames around each frame of a video, as a temporal model sees them: alike in training and at the consumer.

A window has slots at fixed times around its frame, so that a model sees the same movement at every frame rate. Between
the frames, and where a keypoint is not present, its place is interpolated in time, and its confidence is 0. If the
frame shows the keypoint's nearest neighbour, the place moves as far as the neighbour is off its own interpolation:
markers of one leg move alike. Places are shares of the keypoints' size, so that neither the size nor the place of a
person in the image matters.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from pydantic import AfterValidator, Field

from heelstrike.package.view import size_of

_LEAST = 3  # frames in which a keypoint is present, for an answer from several frames
_SHARE = 0.5  # of the frames that show the person, those in which a keypoint is present; else the person may lack it
_NARROW = 1.0  # pixels; keypoints closer together have no size
_ROUNDING = 1e-6  # seconds


def _with_a_middle(slots: int) -> int:
    if slots % 2 == 0:
        raise ValueError(f"{slots} slots have no middle one, expected an odd number")
    return slots


OddSlots = Annotated[int, Field(ge=3), AfterValidator(_with_a_middle)]
"""Number of slots of a window in a file: odd, since the middle one is the frame itself."""


class Slots(NamedTuple):
    """The slots of a window.

    Attributes:
        number: Number of slots, odd. The middle one is the frame itself.
        step_s: Seconds from one slot to the next.
        confidence: A keypoint of lower confidence is not present.
    """

    number: int
    step_s: float
    confidence: float

    @property
    def reach_s(self) -> float:
        """Seconds from the frame to the furthest frame that can be in a slot."""
        return (self.number // 2 + 0.5) * self.step_s


@dataclass(frozen=True)
class Track:
    """What was predicted for T successive frames of one person.

    Attributes:
        times: Time stamps in seconds, strictly rising.
        keypoints: (x, y) in pixels.
        confidence: In [0, 1]; 0 for a keypoint that is not believed.
    """

    times: Float[np.ndarray, " T"]
    keypoints: Float[np.ndarray, "T K 2"]
    confidence: Float[np.ndarray, "T K"]

    def present(self, threshold: float) -> Bool[np.ndarray, "T K"]:
        """Return True for each keypoint that has a position and whose confidence reaches the threshold."""
        return np.isfinite(self.keypoints).all(axis=-1) & (self.confidence >= threshold)


class Window(NamedTuple):
    """A frame and what is around it in time. For pixels, multiply by `size` and add `centre`.

    Attributes:
        points: Places of the keypoints in each slot; 0 for one that is not `known`.
        confidence: Confidence in each slot; 0 in a slot without a frame, and for a keypoint that is not present.
        known: True for a keypoint that several frames of the window show, so that it has a place in every slot.
        centre: Pixels.
        size: Pixels.
        frames: Number of frames in the window that show the person.
    """

    points: Float[np.ndarray, "W K 2"]
    confidence: Float[np.ndarray, "W K"]
    known: Bool[np.ndarray, " K"]
    centre: Float[np.ndarray, " 2"]
    size: float
    frames: int


def window_at(track: Track, frame: int, slots: Slots) -> Window | None:
    """Return the window around a frame; `None` if too few frames around it show the person.

    A keypoint is known if at least half of the frames that show the person, and at least three, show the keypoint. One
    that is not present in the frame itself must be there both before and after it.
    """
    time = track.times[frame]
    near = np.flatnonzero(np.abs(track.times - time) <= slots.reach_s + _ROUNDING)
    times, present = track.times[near], Track.present(track, slots.confidence)[near]
    known, frames = _known(times, present, time)
    if known.sum() < 2:
        return None
    at = time + slots.step_s * (np.arange(slots.number) - slots.number // 2)
    at[slots.number // 2] = time
    places = np.zeros((slots.number, len(known), 2))
    for k in np.flatnonzero(known):
        there = present[:, k]
        for axis in range(2):
            places[:, k, axis] = np.interp(at, times[there], track.keypoints[near[there], k, axis])
    nearest = np.abs(times - at[:, None]).argmin(axis=1)
    is_frame = np.abs(times[nearest] - at) <= slots.step_s / 2 + _ROUNDING
    for slot in np.flatnonzero(is_frame):
        for k in np.flatnonzero(known & ~present[nearest[slot]]):
            moved = _with_neighbour(times, track.keypoints[near], present, int(nearest[slot]), int(k))
            places[slot, k] = places[slot, k] if moved is None else moved
    confidence = np.where(present, track.confidence[near], 0)[nearest] * is_frame[:, None]
    centre, size = _centre_and_size(places[:, known])
    if size < _NARROW:
        return None
    points = np.where(known[:, None], (places - centre) / size, 0)
    return Window(points, np.where(known, confidence, 0), known, centre, size, frames)


def _known(
    times: Float[np.ndarray, " N"], present: Bool[np.ndarray, "N K"], time: float
) -> tuple[Bool[np.ndarray, " K"], int]:
    """Return which keypoints are known, and the number of frames that show the person."""
    shown = present.any(axis=1)
    count, frames = present.sum(axis=0), int(shown.sum())
    around = present[times < time].any(axis=0) & present[times > time].any(axis=0)
    here = present[times == time].any(axis=0)
    return (count >= _LEAST) & (count >= _SHARE * frames) & (here | around), frames


def _with_neighbour(
    times: Float[np.ndarray, " N"],
    points: Float[np.ndarray, "N K 2"],
    present: Bool[np.ndarray, "N K"],
    frame: int,
    k: int,
) -> Float[np.ndarray, " 2"] | None:
    """Return the place of a keypoint in a frame that does not show it, from its nearest neighbour's movement.

    Returns:
        The place; `None` if the frame shows no keypoint that was seen together with this one before and after.
    """
    best, nearest = None, np.inf
    for j in np.flatnonzero(present[frame]):
        both = np.flatnonzero(present[:, k] & present[:, j])
        if not len(both) or not both[0] < frame < both[-1]:
            continue
        away = float(np.median(np.linalg.norm(points[both, j] - points[both, k], axis=1)))
        if away < nearest:
            expected = [
                [np.interp(times[frame], times[both], points[both, n, axis]) for axis in (0, 1)] for n in (k, j)
            ]
            best, nearest = np.array(expected[0]) + points[frame, j] - np.array(expected[1]), away
    return best


def _centre_and_size(places: Float[np.ndarray, "W F 2"]) -> tuple[Float[np.ndarray, " 2"], float]:
    """Return the medians over the slots, so that one wrong frame hardly changes them."""
    centre = np.median((places.min(axis=1) + places.max(axis=1)) / 2, axis=0)
    return centre, float(np.median([size_of(slot) for slot in places]))
