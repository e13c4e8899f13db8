"""The rear-foot angle of both legs of a person seen from behind."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt8

from heelstrike.heads.prediction import Refusal
from heelstrike.measure.angles import Side, rearfoot_angle, signed_rearfoot_angle, wrap_degrees
from heelstrike.measure.base import Label, Measure, Measurement
from heelstrike.measure.legs import Legs, NotLegs, check_geometry, separate_legs
from heelstrike.measure.legs_in_view import check_markers, markers_by_leg
from heelstrike.measure.settings import RearfootSettings
from heelstrike.reasons import Reason

_SIDES: tuple[Side, Side] = ("left", "right")


class RearfootAngle(Measure):
    """The measure of rear-foot angles: separates the legs, checks them, and measures the angle of each.

    Signed values are positive for eversion and negative for inversion (heelstrike/measure/angles.py).

    Args:
        settings: Names of the keypoints, and the limits of a plausible geometry.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: A keypoint of lower confidence counts as missing.
    """

    name = "rearfoot_angle"
    title = "rear-foot angle"
    group = "angle"
    unit = "deg"
    units: tuple[str, ...] = ("deg", "deg")
    sign = "eversion is positive, inversion negative"
    human_error = "People who digitise the markers by hand are off by about 2.5°."
    quantities: tuple[str, ...] = ("left", "right")

    def __init__(self, settings: RearfootSettings, keypoints: tuple[str, ...], min_confidence: float) -> None:
        self.settings, self.min_confidence = settings, min_confidence
        self._names = (*settings.left, *settings.right)
        self._index = [keypoints.index(name) for name in self._names]

    def measure(
        self,
        keypoints: Float[np.ndarray, "K 2"],
        confidence: Float[np.ndarray, "K"],
        mm_per_px: float = math.nan,
        image: UInt8[np.ndarray, "H W 3"] | None = None,
    ) -> Measurement:
        """Measure the angles of both legs."""
        markers, present = np.asarray(keypoints, np.float64)[self._index], self._present(keypoints, confidence)
        try:
            check_markers(present, self._names)
            legs = separate_legs(markers)
            self._check_rows(legs)
            check_geometry(legs, self.settings)
            return self._measured(legs)
        except NotLegs as error:
            return self._not_measured(error.reason, error.message, present)

    def refusal(
        self, refusal: Refusal, keypoints: Float[np.ndarray, "K 2"], confidence: Float[np.ndarray, "K"]
    ) -> Measurement:
        """Say which markers are lacking, besides why the others were not believed."""
        present, message = self._present(keypoints, confidence), refusal.message
        if refusal.reason == Reason.TOO_SMALL:
            message = f"the legs are too small to be measured: {message}"
        else:
            try:
                check_markers(present, self._names)
            except NotLegs as error:
                message = f"{error.message}: {message}"
        return self._not_measured(refusal.reason, message, present)

    def _not_measured(self, reason: Reason, message: str, present: Bool[np.ndarray, "2 3"]) -> Measurement:
        return replace(self.refused(reason, message), details={"markers": markers_by_leg(present)})

    def labels(self, measurement: Measurement) -> tuple[Label, ...]:
        """Return each leg's angle and its direction, to be written on the outer side of the middle marker."""
        labels = []
        for side, leg in measurement.details.get("legs", {}).items():
            text = f"{leg['angle_deg']:.1f}{measurement.margin(side)}{self.symbol} {leg['direction']}"
            labels.append(Label(text, leg["points"][1], side))
        return tuple(labels)

    def values(
        self, keypoints: Float[np.ndarray, "N K 2"], mm_per_px: Float[np.ndarray, "N"] | float = math.nan
    ) -> Float[np.ndarray, "N 2"]:
        """Return the signed angles (left, right) in degrees, without checks; NaN if a keypoint is NaN."""
        markers = np.asarray(keypoints, dtype=np.float64)[:, self._index]
        return np.stack(
            [signed_rearfoot_angle(markers[:, :3], "left"), signed_rearfoot_angle(markers[:, 3:], "right")], axis=1
        )

    def differences(
        self,
        predicted: Float[np.ndarray, "N K 2"],
        truth: Float[np.ndarray, "N K 2"],
        mm_per_px: Float[np.ndarray, "N"] | float = math.nan,
    ) -> Float[np.ndarray, "N 2"]:
        """Return predicted minus true signed angles in degrees, within [-180, 180]; NaN if either is NaN."""
        return wrap_degrees(self.values(predicted) - self.values(truth))

    def _present(
        self, keypoints: Float[np.ndarray, "K 2"], confidence: Float[np.ndarray, "K"]
    ) -> Bool[np.ndarray, "2 3"]:
        """Return True for the markers that were found; the left leg first, each top to bottom."""
        markers, sure = np.asarray(keypoints)[self._index], np.asarray(confidence)[self._index] >= self.min_confidence
        return (np.isfinite(markers).all(axis=1) & sure).reshape(2, 3)

    def _check_rows(self, legs: Legs) -> None:
        """Require that each leg has a top, a middle and a bottom marker in this order, of whichever named side."""
        for side, order in zip(_SIDES, legs.order, strict=True):
            if not np.array_equal(order % 3, [0, 1, 2]):
                found = ", ".join(self._names[k] for k in order)
                raise NotLegs(Reason.NOT_TOP_TO_BOTTOM, f"the {side} leg's markers from top to bottom are {found}")

    def _measured(self, legs: Legs) -> Measurement:
        signed = [float(signed_rearfoot_angle(points, side)) for side, points in zip(_SIDES, legs.points, strict=True)]
        for side, angle in zip(_SIDES, signed, strict=True):
            if abs(angle) > self.settings.max_angle_deg:
                limit = f"beyond the anatomical limit of {self.settings.max_angle_deg:g}"
                raise NotLegs(Reason.ANGLE_LIMIT, f"the {side} leg's angle would be {abs(angle):.1f} degrees, {limit}")
        return Measurement(
            self.name,
            self.unit,
            warnings=self._disagreement(legs),
            values=dict(zip(self.quantities, signed, strict=True)),
            details={"legs": {side: _leg(legs.points[i], signed[i]) for i, side in enumerate(_SIDES)}},
        )

    def _disagreement(self, legs: Legs) -> tuple[str, ...]:
        """Return a warning if the clusters and the network's names disagree about left and right."""
        wrong = [
            f"{self._names[k]} is on the {_SIDES[leg]} leg" for leg in (0, 1) for k in legs.order[leg] if k // 3 != leg
        ]
        return (f"sides_disagree: {'; '.join(wrong)}",) if wrong else ()


def _leg(points: Float[np.ndarray, "3 2"], signed: float) -> dict[str, Any]:
    return {
        "points": points.tolist(),
        "angle_deg": float(rearfoot_angle(points)),
        "signed_deg": signed,
        "direction": "eversion" if signed > 0 else "inversion" if signed < 0 else "straight",
    }
