"""The keypoint head: a position and a confidence for each named keypoint."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, UInt8

from heelstrike import canvas as pen
from heelstrike.heads.base import Cell, Head, Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape, shape_errors
from heelstrike.package.wire import Category
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.mirror import mirror_points
from heelstrike.rounding import round_array


def present_keypoints(prediction: Prediction, threshold: float) -> Bool[np.ndarray, " K"] | None:
    """Return True for each keypoint that has a position and whose confidence reaches the threshold.

    Returns `None` if the network predicts no keypoints.
    """
    if prediction.keypoints is None or prediction.confidence is None:
        return None
    return np.isfinite(prediction.keypoints).all(axis=1) & (prediction.confidence.astype(float) >= threshold)


class Keypoints(Head):
    """The outputs `keypoints` and `confidence`: one row for each of the category's keypoints."""

    name: ClassVar[str] = "keypoints"
    outputs: ClassVar[tuple[str, ...]] = ("keypoints", "confidence")

    def check_shapes(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """Require a position and a confidence for each of the category's keypoints."""
        count = len(category.keypoints)
        wanted = {"keypoints": (count, 2), "confidence": (count,)}
        return shape_errors(shapes, wanted, f"the category has {count} keypoints")

    def mirrored(self, prediction: Prediction, width: int) -> Prediction:
        """Mirror every keypoint. Keypoints keep their names, which are anatomical."""
        if prediction.keypoints is None:
            return prediction
        points = mirror_points(prediction.keypoints[None], np.array([width]), np.array([True]))[0]
        return replace(prediction, keypoints=points)

    def backward(self, prediction: Prediction, letterbox: Letterbox) -> Prediction:
        """Map every keypoint back."""
        if prediction.keypoints is None:
            return prediction
        points = letterbox.backward(prediction.keypoints)
        return replace(prediction, keypoints=points.astype(prediction.keypoints.dtype))

    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """Return `keypoints`, `confidence`, `missing` (names) and `radius`; all are `None` without keypoints."""
        present = present_keypoints(prediction, threshold)
        if present is None:
            return dict.fromkeys(("keypoints", "confidence", "missing", "radius"))
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        radius = prediction.radius
        return {
            "keypoints": round_array(prediction.keypoints, 3),
            "confidence": round_array(prediction.confidence, 4),
            "missing": [
                n for n, is_present in zip(category.keypoints, present.tolist(), strict=True) if not is_present
            ],
            "radius": None if radius is None else round_array(radius, 3),
        }

    def columns(self, category: Category) -> tuple[str, ...]:
        """Return the columns for x and y of each keypoint."""
        return tuple(f"{name}_{axis}_px" for name in category.keypoints for axis in "xy")

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """Return x and y of each keypoint; empty for a missing one."""
        present = present_keypoints(prediction, threshold)
        if present is None:
            return super().cells(prediction, category, threshold)
        assert prediction.keypoints is not None
        return round_array(np.where(present[:, None], prediction.keypoints, np.nan).ravel(), 3)

    def lowest_confidence(self, prediction: Prediction) -> float | None:
        """Return the lowest confidence of a keypoint."""
        return None if prediction.confidence is None else float(prediction.confidence.min())

    def draw(self, canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, scale: float) -> None:
        """Draw the skeleton and the radii of the keypoints that are present, and a marker at every keypoint."""
        present = present_keypoints(prediction, style.threshold)
        if present is None:
            return
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        keypoints, confidence = prediction.keypoints, prediction.confidence
        for a, b in style.skeleton:
            if present[a] and present[b]:
                pen.bone(canvas, keypoints[a], keypoints[b], scale)
        if prediction.radius is not None:
            for point, radius in zip(keypoints[present], prediction.radius[present], strict=True):
                pen.disc(canvas, point, float(radius), scale)
        for point, value, sure in zip(keypoints, confidence, present, strict=True):
            if np.isfinite(point).all():
                pen.marker(canvas, point, pen.confidence_colour(float(value)), bool(sure), scale)
