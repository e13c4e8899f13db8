"""The criteria by which a frame deserves a label, each with a score and with words for a person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.numbers import fixed
from heelstrike.serve.label.signals import Signals

Words = Callable[[int], str]
_SHAKE = 5.0  # a jump is so many times as large as the usual one of its video
_LEAST = 0.004  # a jump or a disagreement is at least this share of the picture's diagonal
_CLOSE, _NOTHING = 0.6, 0.75  # doubt of a confidence close to the threshold; of a frame in which nothing was found
_UNLIMITED = 1e3  # score of a radius without limit, in diagonals


@dataclass(frozen=True)
class View:
    """What the criteria look at: the results of one image or video.

    Attributes:
        keypoints: Names of the keypoints.
        diagonal: Diagonal of the picture, pixels. Scores of lengths are shares of it, so that videos can be compared.
        signals: Signals of the model whose result is labelled.
        threshold: Confidence from which a keypoint counts as found.
        model: That model.
        other: Signals of a second model; `None` if only one was run.
        other_model: The second model.
    """

    keypoints: tuple[str, ...]
    diagonal: float
    signals: Signals
    threshold: float = 0.5
    model: str = "the model"
    other: Signals | None = None
    other_model: str = "another model"


@dataclass(frozen=True)
class Scored:
    """The verdict of a criterion.

    Attributes:
        scores: Score of each frame; NaN if the criterion has nothing against it.
        words: Why a frame deserves a label, as a sentence without its point.
    """

    scores: Float[np.ndarray, " T"]
    words: Words


def radius(view: View) -> Scored:
    """Score frames by the largest radius of their keypoints."""
    sizes = np.where(np.isinf(view.signals.radius), _UNLIMITED * view.diagonal, view.signals.radius)
    sizes = np.where(view.signals.found, sizes, np.nan)
    largest, at = _largest(sizes)

    def words(frame: int) -> str:
        name = view.keypoints[at[frame]]
        if largest[frame] >= _UNLIMITED * view.diagonal:
            return f"the model cannot say how far {_named(name)} may be off"
        return f"{_named(name)} may be off by {fixed(largest[frame], 1)} px"

    return Scored(largest / view.diagonal, words)


def doubts(view: View) -> Scored:
    """Score doubtful frames by the keypoint whose confidence is nearest to the threshold, 1 at the threshold itself.

    These are frames that were not measured or are not reliable, that lack a keypoint, or have one of a confidence close
    to the threshold. A keypoint that the model surely does not see, since it is not there, says little. A frame in
    which nothing at all was found says more.
    """
    signals, threshold = view.signals, view.threshold
    doubt = 1 - np.abs(signals.confidence.astype(float) - threshold) / max(threshold, 1 - threshold)
    most, at = _largest(doubt)
    most = np.where(signals.found.any(axis=1), most, np.maximum(most, _NOTHING))
    scores = np.where(signals.doubted | ~signals.found.all(axis=1) | (most >= _CLOSE), most, np.nan)

    def words(frame: int) -> str:
        found = signals.found[frame]
        if not found.any():
            return "nothing was found"
        lacking = not found.all() and most[frame] < _CLOSE
        point = int(signals.confidence[frame].argmin()) if lacking else int(at[frame])
        name, share = _named(view.keypoints[point]), 100 * signals.confidence[frame, point]
        if not found[point]:
            return f"{name} was not found (confidence {share:.0f} %)"
        if most[frame] < _CLOSE:
            return "it was not measured, or its result is not reliable"
        return f"{name} was found with a confidence of {share:.0f} % only"

    return Scored(scores, words)


def jumps(view: View) -> Scored:
    """Score frames whose keypoints lie off the middle of those before and after, against what is usual in the video.

    The distance is half of the second difference in time, of keypoints that are found in all three frames.
    """
    points, found = view.signals.points, view.signals.found
    off = np.full(found.shape, np.nan)
    if len(points) >= 3:
        middle = (points[:-2].astype(float) + points[2:]) / 2
        off[1:-1] = np.linalg.norm(points[1:-1] - middle, axis=2)
        off[1:-1][~(found[:-2] & found[1:-1] & found[2:])] = np.nan
    usual = float(np.nanmedian(off)) if np.isfinite(off).any() else 0.0
    far, at = _largest(off)
    scores = np.where(far > max(_SHAKE * usual, _LEAST * view.diagonal), far / view.diagonal, np.nan)

    def words(frame: int) -> str:
        return f"{_named(view.keypoints[at[frame]])} jumps by {fixed(far[frame], 1)} px against the frames beside it"

    return Scored(scores, words)


def disagreement(view: View) -> Scored:
    """Score frames by the largest distance between the keypoints of two models, as far as both find them."""
    if view.other is None:
        return Scored(np.full(len(view.signals.points), np.nan), lambda frame: "")
    apart = np.linalg.norm(view.signals.points.astype(float) - view.other.points, axis=2)
    only_one = view.signals.found != view.other.found
    apart = np.where(view.signals.found & view.other.found, apart, np.nan)
    far, at = _largest(apart)
    one = only_one.any(axis=1)
    scores = np.where(far > _LEAST * view.diagonal, far / view.diagonal, np.where(one, _LEAST, np.nan))
    # packages without a registry have no versions
    models = "two models" if view.model == view.other_model else f"{view.model} and {view.other_model}"

    def words(frame: int) -> str:
        if far[frame] > _LEAST * view.diagonal:
            return f"{models} put {_named(view.keypoints[at[frame]])} {fixed(far[frame], 1)} px apart"
        name = view.keypoints[int(only_one[frame].argmax())]
        return f"of {models} only one finds {_named(name)}"

    return Scored(scores, words)


CRITERIA: dict[str, Callable[[View], Scored]] = {
    "radius": radius,
    "doubts": doubts,
    "jumps": jumps,
    "disagreement": disagreement,
}
"""All criteria, in the order in which they choose."""


def _largest(values: Float[np.ndarray, "T K"]) -> tuple[Float[np.ndarray, " T"], np.ndarray]:
    """Return the largest known value of each frame, NaN if none is known, and its keypoint."""
    filled = np.where(np.isnan(values), -np.inf, values)
    at = filled.argmax(axis=1)
    largest = filled[np.arange(len(filled)), at]
    return np.where(np.isneginf(largest), np.nan, largest), at


def _named(keypoint: str) -> str:
    return keypoint.replace("_", " ")
