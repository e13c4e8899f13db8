"""Answers from several frames of a video: frames wait for those after them, and are answered in order."""

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.heads.prediction import Prediction
from heelstrike.package.temporal import BRIDGED, TemporalModel
from heelstrike.package.view import size_of
from heelstrike.preprocess.windows import Slots, Track, Window, window_at
from heelstrike.video.reader import Frame

_MOST = 32  # frames that wait for later ones, whatever the frame rate: they hold their pictures
_FEWEST = 2  # keypoints by which a person is known again
_MOVED = 0.5  # share of the person's size; whoever is further away in the next frame is somebody else

Predicted: TypeAlias = tuple[Frame, Prediction]


@dataclass(frozen=True)
class _Seen:
    """A frame without its picture.

    Attributes:
        time: Time stamp in seconds.
        prediction: Its own prediction.
        present: True for each keypoint that counts.
        person: Number of the person in it, who is followed from frame to frame; -1 if nobody is.
    """

    time: float
    prediction: Prediction
    present: Bool[np.ndarray, " K"]
    person: int


def over_time(
    predicted: Iterable[Predicted], model: TemporalModel, mirrored: bool = False
) -> Generator[Predicted, None, None]:
    """Yield each frame with the answer of the frames around it, in order.

    A window ends where the person is lost for longer than a window lasts, where somebody else is followed, and where
    time stamps do not rise. A frame without enough frames around it keeps its own prediction.

    Args:
        predicted: The frames of one video with their own predictions, in order.
        model: The package's temporal model.
        mirrored: True if the network was given the mirror images.
    """
    waiting = Waiting(model, mirrored)
    for frame, prediction in predicted:
        yield from waiting.add(frame, prediction)
    yield from waiting.rest()


class Waiting:
    """The frames that wait for later ones, and what is still known of those before them.

    It is `over_time` for a caller who has the frames one by one.

    Args:
        model: The package's temporal model.
        mirrored: True if the network was given the mirror images.
    """

    def __init__(self, model: TemporalModel, mirrored: bool) -> None:
        self._model, self._slots, self._mirrored = model, model.settings.window, mirrored
        self._frames = deque[Frame]()
        self._seen = list[_Seen]()
        self._last: _Seen | None = None

    def add(self, frame: Frame, prediction: Prediction) -> Generator[Predicted, None, None]:
        """Add a frame, and yield those that no longer wait."""
        now = _look(frame.time_s, prediction, self._last, self._slots)
        if self._seen and not now.time > self._seen[-1].time:
            yield from self.rest()
            self._seen.clear()
        self._last = now if now.person >= 0 else self._last
        self._frames.append(frame)
        self._seen.append(now)
        earliest = now.time - self._slots.reach_s
        while self._frames and (self._next.time < earliest or len(self._frames) > _MOST):
            yield self._answered()
        # whatever the next frame's window does not reach is forgotten
        start = (self._next if self._frames else now).time - self._slots.reach_s
        self._seen = [each for each in self._seen if each.time >= start]

    def rest(self) -> Generator[Predicted, None, None]:
        """Yield all frames that wait."""
        while self._frames:
            yield self._answered()

    @property
    def _next(self) -> _Seen:
        return self._seen[-len(self._frames)]

    def _answered(self) -> Predicted:
        number, frame = len(self._seen) - len(self._frames), self._frames.popleft()
        own, window = self._seen[number].prediction, _window(self._seen, number, self._slots)
        return frame, own if window is None else self._model(own, window, frame.picture.shape, self._mirrored)


def _look(time: float, prediction: Prediction, last: _Seen | None, slots: Slots) -> _Seen:
    """Note a frame: which keypoints count, and whether the person is the last one who was seen."""
    assert prediction.keypoints is not None
    assert prediction.confidence is not None
    present = np.isfinite(prediction.keypoints).all(axis=1) & (prediction.confidence >= slots.confidence)
    if prediction.refusal is not None and prediction.refusal.reason not in BRIDGED:
        present = np.zeros_like(present)
    if present.sum() < _FEWEST:
        return _Seen(time, prediction, np.zeros_like(present), -1)
    now = _Seen(time, prediction, present, 0 if last is None else last.person)
    if last is None or (0 < time - last.time <= 2 * slots.reach_s and _is_same(last, now)):
        return now
    return _Seen(time, prediction, present, last.person + 1)


def _is_same(last: _Seen, now: _Seen) -> bool:
    both = last.present & now.present
    if not both.any():
        return False
    before, after = _points(last), _points(now)
    moved = np.linalg.norm(after[both] - before[both], axis=1)
    return bool(np.median(moved) <= _MOVED * size_of(before[last.present]))


def _points(seen: _Seen) -> Float[np.ndarray, "K 2"]:
    assert seen.prediction.keypoints is not None
    return np.asarray(seen.prediction.keypoints, np.float64)


def _confidence(seen: _Seen) -> Float[np.ndarray, " K"]:
    assert seen.prediction.confidence is not None
    return np.asarray(seen.prediction.confidence, np.float64)


def _window(seen: list[_Seen], number: int, slots: Slots) -> Window | None:
    """Return the window around a frame; `None` if the frame has to be answered by itself."""
    own = seen[number]
    if own.prediction.refusal is not None and own.prediction.refusal.reason not in BRIDGED:
        return None
    person = own.person if own.person >= 0 else _between(seen, number)
    if person is None:
        return None
    chosen = [n for n, each in enumerate(seen) if n == number or each.person == person]
    confidence = [np.where(seen[n].present, _confidence(seen[n]), 0) for n in chosen]
    times = np.array([seen[n].time for n in chosen])
    track = Track(times, np.stack([_points(seen[n]) for n in chosen]), np.stack(confidence))
    return window_at(track, chosen.index(number), slots)


def _between(seen: list[_Seen], number: int) -> int | None:
    """Return the person who is there both before and after a frame that shows nobody; `None` if there is no such."""
    before = next((each.person for each in reversed(seen[:number]) if each.person >= 0), None)
    after = next((each.person for each in seen[number + 1 :] if each.person >= 0), None)
    return before if before == after else None
