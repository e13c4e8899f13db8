"""Looks at parts of one image: a view is settled, judged by its confidences, and checked by a second look."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import shift_prediction
from heelstrike.package.image import Image
from heelstrike.package.view import View, size_of
from heelstrike.preprocess.settings import Zoom

_STEPS = 3  # views until one must have settled
_SECOND = (0.82, (0.03, -0.02))  # size and shift of the view for the second look
_SECOND_WHOLE = (0.93, (0.0, 0.0))  # the same after a look at the whole image, beyond which nothing is known
_LARGEST = 2.0  # side of the largest view, as a multiple of the image's longer side
_ENOUGH = 0.5  # share of the keypoints by which a patient is followed
_FEW = 0.3  # share of the keypoints that is shown although it is too few to follow
_FEW_CONFIDENCE = 0.8  # geometric mean of the confidences that such few keypoints need
_LEAST = 1e-6  # confidence that counts as none in a logarithm

Look = Callable[[Image], Prediction]
"""A prediction on an image that is given to the network whole."""


class Answer(NamedTuple):
    """A prediction in the image's pixels, the view that it was made on, and the view for a second look."""

    prediction: Prediction
    view: View
    second: View


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
        return self._decided_whole(self._settings.min_confidence)

    @cached_property
    def few(self) -> Answer | None:
        """The same look if few keypoints are present, less than half of them, and a second look agrees.

        These are of a leg that lacks markers, say. They are shown, and nothing follows from them, so they need less
        confidence than those of a whole patient.
        """
        for least in (self._settings.min_confidence, min(_FEW_CONFIDENCE, self._settings.min_confidence)):
            answer = self._decided_whole(least)
            confidence = points_of(answer.prediction)[1]
            is_few = _FEW <= (confidence >= self._threshold).mean() < _ENOUGH
            if is_few and self._mean(confidence) >= least and self.holds(answer):
                return answer
        return None

    def _decided_whole(self, least: float) -> Answer:
        height, width = self.image.shape
        view = View.around(np.array([(width - 1) / 2, (height - 1) / 2]), max(width, height))
        return Answer(self._decided(self._seen_whole, least), view, view.zoomed(*_SECOND_WHOLE))

    @cached_property
    def _seen_whole(self) -> Prediction:
        return self._look(self.image)

    def at(self, view: View) -> Answer:
        """Look at a view."""
        decided = self._decided(self._look(self.image.cut(view)), self._settings.min_confidence)
        prediction = shift_prediction(decided, view.x, view.y)
        return Answer(prediction, view, view.zoomed(*_SECOND))

    def _decided(self, prediction: Prediction, least: float) -> Prediction:
        """Return the prediction; if it is not sure as a whole, keypoints that are not sure by themselves are missing.

        So two doubtful keypoints do not take away those that are certain, as of a patient who lacks markers.
        """
        confidence = points_of(prediction)[1]
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
        """Return True if a second look agrees about most of the keypoints that are present."""
        present = points_of(answer.prediction)[1] >= self._threshold
        return bool(self.second_look(answer)[1][present].mean() <= 0.5)

    def second_look(self, answer: Answer) -> tuple[Float[np.ndarray, " K"], Bool[np.ndarray, " K"]]:
        """Return how far each keypoint is away in a second look, pixels, and True if that is too far."""
        keypoints = points_of(answer.prediction)[0]
        second = points_of(self.at(answer.second).prediction)[0]
        away = np.linalg.norm(second - keypoints, axis=1)
        away = np.where(np.isnan(away), np.inf, away)  # a keypoint that one of both looks lacks
        return away, away > self._settings.max_disagreement * size_of(finite(keypoints))


def score(answer: Answer) -> float:
    """Return the mean logarithm of the confidences of all keypoints."""
    return float(np.log(np.clip(points_of(answer.prediction)[1], _LEAST, 1)).mean())


def points_of(prediction: Prediction) -> tuple[Float[np.ndarray, "K 2"], Float[np.ndarray, " K"]]:
    """Return keypoints and confidences of a network that predicts keypoints."""
    assert prediction.keypoints is not None
    assert prediction.confidence is not None
    return prediction.keypoints, prediction.confidence


def finite(keypoints: Float[np.ndarray, "K 2"]) -> Float[np.ndarray, "F 2"]:
    """Return the keypoints that have a position."""
    return keypoints[np.isfinite(keypoints).all(axis=1)]
