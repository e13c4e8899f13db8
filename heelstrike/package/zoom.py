"""Predictions at every size: a network that knows keypoints of one size looks for them at all sizes and places.

The network is given the whole image first. The keypoints that it predicts say which view of the image would show them
at the size that the network knows best, so it is given that view, until view and keypoints fit each other: the view
has *settled*. If the network is not sure of what it finds so, it is given views of several sizes all over the image.
In a video, the view of the last frame comes first.

A wrong prediction is rarely made twice. So unless the network is sure of every keypoint, it is asked again on a view of
another size, a little to the side. A keypoint that is elsewhere then counts as missing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.heads.prediction import Prediction, Refusal
from heelstrike.heads.registry import shift_prediction
from heelstrike.package.image import Image
from heelstrike.package.view import View, size_of, tiles
from heelstrike.preprocess.settings import Zoom

_STEPS = 3  # views until one must have settled
_TILES = (1.0, 0.5, 0.25)  # sides of the views that are tried all over an image, as shares of its shorter side
_BEST = 3  # tiles of each size from which a view is settled
_MISFIT = 0.3  # what a tile's score loses if the answer on it would fill another view
_PATIENCE = 15  # frames without keypoints after which a video's frame is searched again all over
_SECOND = (0.82, (0.03, -0.02))  # size and shift of the view for the second look
_SECOND_WHOLE = (0.93, (0.0, 0.0))  # the same after a look at the whole image, beyond which nothing is known
_LARGEST = 2.0  # side of the largest view, as a multiple of the image's longer side
_LEAST = 1e-6  # confidence that counts as none in a logarithm
_NOT_FOUND = "no part of the image shows the keypoints at a size that the network knows"

Look = Callable[[Image], Prediction]
"""A prediction on an image that is given to the network whole."""


class Zoomed:
    """Predictions on the frames of one video, or on one image. Call it with every frame, in order.

    Args:
        settings: What is believed.
        look: The network.
        names: Names of the keypoints, for messages.
        threshold: A keypoint of lower confidence counts as missing.
    """

    def __init__(self, settings: Zoom, look: Look, names: tuple[str, ...], threshold: float) -> None:
        self._settings, self._look, self._names, self._threshold = settings, look, names, threshold
        self._view: View | None = None
        self._frames_to_search = 0

    def __call__(self, image: Image) -> Prediction:
        """Return the prediction in the image's pixels, with a `refusal` if it is not to be believed."""
        answer = self._follow(image) or self._whole(image)
        if answer is None and self._frames_to_search == 0:
            answer = self._search(image)
            self._frames_to_search = _PATIENCE
        if answer is None:
            self._view, self._frames_to_search = None, self._frames_to_search - 1
            return _not_found(self._look(image))
        self._view, self._frames_to_search = self._view_of(answer.prediction), 0
        return self._judged(image, answer)

    def _follow(self, image: Image) -> "_Answer | None":
        """Settle a view from that of the last frame; `None` if there is none or the network is not sure of it."""
        return None if self._view is None else self._if_sure(self._settle(image, self._view))

    def _whole(self, image: Image) -> "_Answer | None":
        """Settle a view from the answer on the whole image, or take that answer if a second look agrees with it."""
        height, width = image.shape
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        view = View.around(centre, max(width, height))
        whole = _Answer(self._look(image), view.zoomed(*_SECOND_WHOLE))
        filled = self._view_of(whole.prediction)
        settled = self._if_sure(self._settle(image, filled))
        if settled is not None or filled is None or self._if_sure(whole) is None:
            return settled
        differs = self._second_look(image, whole)[1]
        present = _points(whole.prediction)[1] >= self._threshold
        return whole if differs[present].mean() <= 0.5 else None

    def _search(self, image: Image) -> "_Answer | None":
        """Settle views from tiles all over the image; `None` if the network is sure of none."""
        height, width = image.shape
        for share in _TILES:
            views = sorted((self._tile(image, tile) for tile in tiles(width, height, share)), key=lambda t: -t[0])
            answers = [self._if_sure(self._settle(image, view)) for _, view in views[:_BEST]]
            sure = [answer for answer in answers if answer is not None]
            if sure:
                return max(sure, key=lambda answer: _score(answer.prediction))
        return None

    def _tile(self, image: Image, tile: View) -> tuple[float, View | None]:
        """Return the score of the prediction on a tile, and the view that the keypoints would fill."""
        prediction = self._on(image, tile)
        view = self._view_of(prediction)
        return _score(prediction) - (0.0 if view is not None and view.is_like(tile) else _MISFIT), view

    def _settle(self, image: Image, view: View | None) -> "_Answer | None":
        """Look at a view, then at the view that the keypoints found in it fill, until both are alike."""
        for _ in range(_STEPS):
            # keypoints in the image cannot fill a much larger view, which would only take memory
            if view is None or view.side > _LARGEST * max(image.shape):
                return None
            prediction = self._on(image, view)
            filled = self._view_of(prediction)
            if filled is not None and filled.is_like(view):
                return _Answer(prediction, view.zoomed(*_SECOND))
            view = filled
        return None

    def _if_sure(self, answer: "_Answer | None") -> "_Answer | None":
        sure = answer is not None and self._mean_confidence(answer.prediction) >= self._settings.min_confidence
        return answer if sure else None

    def _judged(self, image: Image, answer: "_Answer") -> Prediction:
        """Look a second time unless the network is sure of every keypoint; drop what differs, and second names."""
        prediction = _one_name_each(answer.prediction, self._settings.min_distance)
        confidence = _points(prediction)[1]
        if confidence.min() >= self._settings.sure:
            return prediction
        away, differs = self._second_look(image, answer)
        doubtful = np.flatnonzero(differs & (confidence >= self._threshold)).tolist()
        listed = ", ".join(f"{self._names[k]} by {away[k]:.0f} px" for k in doubtful)
        return replace(
            prediction,
            confidence=np.where(differs, 0, confidence).astype(confidence.dtype),
            radius=None if prediction.radius is None else np.maximum(prediction.radius, away),
            refusal=Refusal("looks_differ", f"two looks at the image differ about {listed}") if doubtful else None,
        )

    def _second_look(self, image: Image, answer: "_Answer") -> tuple[Float[np.ndarray, " K"], Bool[np.ndarray, " K"]]:
        """Return how far each keypoint is away in a second look, pixels, and True if that is too far."""
        keypoints = _points(answer.prediction)[0]
        second = _points(self._on(image, answer.second))[0]
        away = np.linalg.norm(second - keypoints, axis=1)
        away = np.where(np.isnan(away), np.inf, away)  # a keypoint that one of both looks lacks
        return away, away > self._settings.max_disagreement * size_of(_finite(keypoints))

    def _mean_confidence(self, prediction: Prediction) -> float:
        """Return the geometric mean confidence of the keypoints that are not missing; 0 if most are missing."""
        confidence = _points(prediction)[1]
        present = confidence[confidence >= self._threshold]
        return float(np.exp(np.log(present).mean())) if len(present) >= len(confidence) / 2 else 0.0

    def _on(self, image: Image, view: View) -> Prediction:
        return shift_prediction(self._look(image.cut(view)), view.x, view.y)

    def _view_of(self, prediction: Prediction) -> View | None:
        """Return the view that the keypoints would fill; `None` if fewer than two have a position."""
        keypoints = _finite(_points(prediction)[0])
        return View.of_keypoints(keypoints, self._settings.fill) if len(keypoints) > 1 else None


class _Answer(NamedTuple):
    """A prediction in the image's pixels, and the view for a second look."""

    prediction: Prediction
    second: View


def _one_name_each(prediction: Prediction, min_distance: float) -> Prediction:
    """Return the prediction without the less confident one of two keypoints at the same place: they are one marker."""
    keypoints, confidence = _points(prediction)
    near = np.linalg.norm(keypoints[:, None] - keypoints, axis=-1) < min_distance * size_of(_finite(keypoints))
    left = confidence.copy()
    for k in np.argsort(confidence):
        left[k] = 0 if (near[k] & (left > 0)).sum() > 1 else left[k]
    return replace(prediction, confidence=left)


def _score(prediction: Prediction) -> float:
    """Return the mean logarithm of the confidences of all keypoints."""
    return float(np.log(np.clip(_points(prediction)[1], _LEAST, 1)).mean())


def _points(prediction: Prediction) -> tuple[Float[np.ndarray, "K 2"], Float[np.ndarray, " K"]]:
    assert prediction.keypoints is not None
    assert prediction.confidence is not None
    return prediction.keypoints, prediction.confidence


def _finite(keypoints: Float[np.ndarray, "K 2"]) -> Float[np.ndarray, "F 2"]:
    """Return the keypoints that have a position."""
    return keypoints[np.isfinite(keypoints).all(axis=1)]


def _not_found(prediction: Prediction) -> Prediction:
    """Return a prediction of which no keypoint is believed."""
    confidence = np.zeros_like(_points(prediction)[1])
    return replace(prediction, confidence=confidence, refusal=Refusal("not_found", _NOT_FOUND))
