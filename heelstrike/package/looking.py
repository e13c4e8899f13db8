"""Looks at parts of one image: a view is settled, judged by its confidences, and checked by a second look."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import shift_prediction
from heelstrike.package.image import Image
from heelstrike.package.view import View, size_of
from heelstrike.preprocess.settings import Zoom

Change: TypeAlias = tuple[float, tuple[float, float]]
"""Size of a view and its shift (x, y), as shares of another one's side."""

_STEPS = 3  # views until one must have settled
_AGAIN: tuple[Change, Change] = ((0.82, (0.03, -0.02)), (1.15, (-0.03, 0.02)))  # second and third look
_AGAIN_WHOLE: tuple[Change, Change] = ((0.93, (0.0, 0.0)), (1.07, (0.0, 0.0)))  # after the whole image
_LARGEST = 2.0  # side of the largest view, as a multiple of the image's longer side
_ENOUGH = 0.5  # share of the keypoints by which a patient is followed
AGREED = 0.8  # mean confidence over several looks from which a keypoint is there: the first look's alone is flattering
FOLLOWED = 0.65  # the same of a patient who is followed through a video: with more, steps are lost for want of markers
_LEAST = 1e-6  # confidence that counts as none in a logarithm
_SMALLEST_PX, _LARGEST_PX = 0.01, 1e6  # limits of a radius as a weight

Look = Callable[[Image], Prediction]
"""A prediction on an image that is given to the network whole."""


class Answer(NamedTuple):
    """A prediction in the image's pixels, the view that it was made on, and the views for a second and a third look."""

    prediction: Prediction
    view: View
    again: tuple[View, View]


class Check(NamedTuple):
    """How an answer compares with further looks.

    Attributes:
        away: Distance of each keypoint in another look, pixels; inf for one that a look lacks.
        differs: True for each keypoint that is elsewhere in other looks.
        confidence: Mean confidence of each keypoint over all looks, without one that two others outvote.
        places: Mean place of each keypoint over the looks that agree with the answer: where a view is much larger than
            the network's input, each look by itself is off by a good part of an input pixel. The smaller the radius of
            a keypoint in a look, the more this look counts.
    """

    away: Float[np.ndarray, " K"]
    differs: Bool[np.ndarray, " K"]
    confidence: Float[np.ndarray, " K"]
    places: Float[np.ndarray, "K 2"]


class Looks:
    """Looks at views of one image.

    Args:
        image: The image.
        settings: What is believed.
        look: The network.
        threshold: A keypoint of lower confidence counts as missing.
    """

    def __init__(self, image: Image, settings: Zoom, look: Look, threshold: float) -> None:
        self.image, self._settings, self._look, self._threshold = image, settings, look, threshold

    @cached_property
    def whole(self) -> Answer:
        """A look at the whole image."""
        height, width = self.image.shape
        view = View.around(np.array([(width - 1) / 2, (height - 1) / 2]), max(width, height))
        return Answer(self._decided(self.seen_whole), view, _changed(view, _AGAIN_WHOLE))

    @cached_property
    def seen_whole(self) -> Prediction:
        """What the network answers on the whole image."""
        return self._look(self.image)

    def seen(self, view: View) -> Prediction:
        """What the network answers on a view, in the image's pixels."""
        return shift_prediction(self._look(self.image.cut(view)), view.x, view.y)

    def at(self, view: View) -> Answer:
        """Look at a view."""
        return Answer(self._decided(self.seen(view)), view, _changed(view, _AGAIN))

    def _decided(self, prediction: Prediction) -> Prediction:
        """Return the prediction; if it is not sure as a whole, keypoints that are not sure by themselves are missing.

        So two doubtful keypoints do not take away those that are certain, as of a patient who lacks markers.
        """
        confidence, least = points_of(prediction)[1], self._settings.min_confidence
        if self._mean(confidence) >= least:
            return prediction
        doubtful = (confidence >= self._threshold) & (confidence < least)
        missing = np.nextafter(np.float32(self._threshold), np.float32(0)).astype(confidence.dtype)
        return replace(prediction, confidence=np.where(doubtful, missing, confidence))

    def _mean(self, confidence: Float[np.ndarray, " K"]) -> float:
        """Return the geometric mean of the confidences of the keypoints that are present; 0 without any."""
        present = confidence[confidence >= self._threshold]
        return float(np.exp(np.log(present).mean())) if len(present) else 0.0

    def settle(self, view: View | None) -> Answer | None:
        """Look at a view, then at the view that the keypoints found in it fill, until both are alike."""
        for _ in range(_STEPS):
            # keypoints in the image cannot fill a much larger view, which would only take memory
            if view is None or view.side > _LARGEST * max(self.image.shape):
                return None
            answer = self.at(view)
            filled = self.filled(answer)
            if filled is not None and filled.is_like(view):
                return answer
            view = filled
        return None

    def filled(self, answer: Answer) -> View | None:
        """Return the view that the keypoints would fill; `None` if fewer than two have a position."""
        keypoints = finite(points_of(answer.prediction)[0])
        return View.of_keypoints(keypoints, self._settings.fill) if len(keypoints) > 1 else None

    def is_sure(self, answer: Answer | None) -> bool:
        """Return True if half of the keypoints are present, with a high geometric mean of the confidences."""
        if answer is None:
            return False
        confidence = points_of(answer.prediction)[1]
        enough = (confidence >= self._threshold).mean() >= _ENOUGH
        return bool(enough) and self._mean(confidence) >= self._settings.min_confidence

    def holds(self, answer: Answer) -> bool:
        """Return True if further looks agree about most of the keypoints that are present."""
        present = points_of(answer.prediction)[1] >= self._threshold
        return bool(self.checked(answer).differs[present].mean() <= 0.5)

    def checked(self, answer: Answer) -> Check:
        """Compare an answer with a second look.

        A second look that has a keypoint elsewhere speaks against it. A third look is taken if the second one does not
        find a keypoint, which the third then decides, or if both put it further apart than their radii explain.
        """
        first, second = answer.prediction, self.seen(answer.again[0])
        keypoints, confidence = points_of(first)
        limit = self._settings.max_disagreement * size_of(finite(keypoints))
        away = distance(points_of(second)[0], keypoints)
        present, differs = confidence >= self._threshold, away > limit
        unsettled = present & differs & (points_of(second)[1] < self._threshold)
        looks, found = [(first, np.ones_like(present)), (second, present & ~differs)], np.zeros_like(present)
        if (unsettled | (present & ~differs & (away > _reach(first, second)))).any():
            third = self.seen(answer.again[1])
            apart = distance(points_of(third)[0], keypoints)
            agrees = present & (points_of(third)[1] >= self._threshold) & (apart <= limit)
            looks.append((third, agrees))
            found = unsettled & agrees
            away = np.where(found, apart, away)
        sure = np.array([points_of(look)[1] for look, _ in looks])
        sure[1, found] = np.nan  # the two looks that agree outvote the one that lacks it
        return Check(away, differs & ~found, np.nanmean(sure, axis=0), _place(looks))


def _reach(one: Prediction, other: Prediction) -> Float[np.ndarray, " K"] | float:
    """Return how far apart two looks put a keypoint at most, if both are within their radii; inf without radii."""
    return np.inf if one.radius is None or other.radius is None else np.hypot(one.radius, other.radius)


def _place(looks: list[tuple[Prediction, Bool[np.ndarray, " K"]]]) -> Float[np.ndarray, "K 2"]:
    """Return the mean place of each keypoint over the looks that agree, weighted by inverse squares of radii."""
    agree = np.array([agrees for _, agrees in looks])[..., None]
    places = np.where(agree, [points_of(prediction)[0] for prediction, _ in looks], 0)
    radii = np.array([np.ones(len(agrees)) if one.radius is None else one.radius for one, agrees in looks])
    weights = np.where(agree, 1 / np.clip(radii, _SMALLEST_PX, _LARGEST_PX)[..., None] ** 2, 0)
    return ((weights * places).sum(axis=0) / weights.sum(axis=0)).astype(np.float32)


def _changed(view: View, changes: tuple[Change, Change]) -> tuple[View, View]:
    return view.zoomed(*changes[0]), view.zoomed(*changes[1])


def score(answer: Answer) -> float:
    """Return the mean logarithm of the confidences of all keypoints."""
    return float(np.log(np.clip(points_of(answer.prediction)[1], _LEAST, 1)).mean())


def points_of(prediction: Prediction) -> tuple[Float[np.ndarray, "K 2"], Float[np.ndarray, " K"]]:
    """Return keypoints and confidences of a network that predicts keypoints."""
    assert prediction.keypoints is not None
    assert prediction.confidence is not None
    return prediction.keypoints, prediction.confidence


def distance(one: Float[np.ndarray, "K 2"], other: Float[np.ndarray, "K 2"]) -> Float[np.ndarray, " K"]:
    """Return how far each keypoint is from the same one of another look; inf for one that a look lacks."""
    away = np.linalg.norm(one - other, axis=1)
    return np.where(np.isnan(away), np.inf, away)


def finite(keypoints: Float[np.ndarray, "K 2"]) -> Float[np.ndarray, "F 2"]:
    """Return the keypoints that have a position."""
    return keypoints[np.isfinite(keypoints).all(axis=1)]
