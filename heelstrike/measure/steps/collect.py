"""Collects the frames of a video for its steps.

A step needs a leg's three markers in frames in which the other leg swings, so that the frame as a whole is not
measured. Such a leg is measured on its own, if the reason concerns the other leg. If it may concern both, but the
markers by their names can be those of legs, they tell when legs move, and no angle. Frames that were refused for any
other reason are left out, since their markers may be wrong.
"""

from array import array

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.measure.angles import signed_rearfoot_angle
from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import RearfootSettings
from heelstrike.measure.steps.analyse import analyse
from heelstrike.measure.steps.results import Steps
from heelstrike.measure.steps.track import SIDES, Track
from heelstrike.measure.uncertainty import effects

OTHER_LEG = frozenset(
    {"missing_marker", "one_leg", "angle_limit", "segment_ratio", "leg_ratio", "legs_not_side_by_side"}
)
"""Reasons that may concern one leg while the other one can be measured."""
NAMED = frozenset({"not_top_to_bottom", "legs_not_separable", "looks_differ"})
"""Reasons for which no angle is measured, but the markers that are left tell when a leg moves.

A foot that swings high has its heel above its ankle, and comes near the other leg. Where two looks at the picture
differ about a marker, that marker is missing (heelstrike/package/zoom.py).
"""


class StepCollector:
    """Collects the frames of one video, one by one, and analyses them at the end.

    Args:
        settings: The settings of the rear-foot angle.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: A keypoint of lower confidence counts as missing.
        measure: The measure of single images, for half-widths.
        radii: The package's radii; `None` without.
    """

    def __init__(
        self,
        settings: RearfootSettings,
        keypoints: tuple[str, ...],
        min_confidence: float,
        measure: Measure,
        radii: Radii | None,
    ) -> None:
        self._settings, self._min_confidence, self._measure, self._radii = settings, min_confidence, measure, radii
        self._index = [keypoints.index(name) for name in (*settings.left, *settings.right)]
        self._times, self._rows = array("d"), array("d")  # of a row: 12 coordinates, two angles, two half-widths

    def add(
        self,
        time_s: float | None,
        keypoints: Float[np.ndarray, "K 2"],
        confidence: Float[np.ndarray, "K"],
        radius: Float[np.ndarray, "K"] | None,
        measurement: Measurement,
    ) -> None:
        """Add a frame. One without a time stamp, or not after the one before, is left out.

        Args:
            time_s: Presentation time stamp in seconds.
            keypoints: (x, y) in pixels.
            confidence: Confidence of each keypoint.
            radius: Radius of each keypoint in pixels; `None` if the package has no radii.
            measurement: What was measured on the frame.
        """
        if time_s is None or not np.isfinite(time_s) or (self._times and time_s <= self._times[-1]):
            return
        points, angles, widths = self._frame(keypoints, confidence, radius, measurement)
        self._times.append(time_s)
        self._rows.extend([*points.ravel().tolist(), *angles.tolist(), *widths.tolist()])

    def steps(self) -> Steps:
        """Return the steps of the frames added so far."""
        rows = np.array(self._rows, np.float64).reshape(-1, 16)
        track = Track(np.array(self._times), rows[:, :12].reshape(-1, 2, 3, 2), rows[:, 12:14], rows[:, 14:])
        return analyse(track)

    def _frame(
        self,
        keypoints: Float[np.ndarray, "K 2"],
        confidence: Float[np.ndarray, "K"],
        radius: Float[np.ndarray, "K"] | None,
        measurement: Measurement,
    ) -> tuple[Float[np.ndarray, "2 3 2"], Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
        """Return the markers that can be used, each leg's angle, and its half-width."""
        unknown = np.full(2, np.nan)
        if measurement.measured:
            legs = measurement.details["legs"]
            points = np.array([legs[side]["points"] for side in SIDES], np.float64)
            angles = np.array([measurement.values[side] for side in SIDES])
            widths = np.array([measurement.half_widths.get(side, np.nan) for side in SIDES])
            return points, *self._limited(angles, widths)
        if measurement.reason not in OTHER_LEG | NAMED:
            return np.full((2, 3, 2), np.nan), unknown, unknown
        present = np.asarray(confidence)[self._index] >= self._min_confidence
        points = np.where(present[:, None], np.asarray(keypoints, np.float64)[self._index], np.nan).reshape(2, 3, 2)
        if measurement.reason in NAMED:
            return points, unknown, unknown
        angles = np.full(2, np.nan)
        for leg, side in enumerate(SIDES):
            if self._plausible(points[leg]):
                angles[leg] = signed_rearfoot_angle(points[leg], side)
        angles = np.where(np.abs(angles) <= self._settings.max_angle_deg, angles, np.nan)
        if np.isnan(angles).all() or self._radii is None or radius is None:
            return points, *self._limited(angles, unknown)
        return points, *self._limited(angles, self._half_widths(keypoints, radius, self._radii))

    def _plausible(self, leg: Float[np.ndarray, "3 2"]) -> bool:
        """Return True if three markers can be a leg: from top to bottom, with segments of similar lengths."""
        segments = np.linalg.norm(np.diff(leg, axis=0), axis=1)
        falls = bool((np.diff(leg[:, 1]) > 0).all())  # False with NaN
        return falls and segments.max() <= self._settings.max_segment_ratio * segments.min()

    def _half_widths(
        self, keypoints: Float[np.ndarray, "K 2"], radius: Float[np.ndarray, "K"], radii: Radii
    ) -> Float[np.ndarray, "2"]:
        sizes = effects(self._measure, keypoints[None], radius[None], np.array([np.nan]))[0]
        factors = [radii.quantities.get(side) for side in SIDES]
        return np.array([np.inf if f is None else size * f for size, f in zip(sizes, factors, strict=True)])

    def _limited(
        self, angles: Float[np.ndarray, "2"], widths: Float[np.ndarray, "2"]
    ) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
        """Leave out angles whose half-width is beyond the limit of a reliable frame, or unknown if there is one."""
        limit = self._settings.max_uncertainty
        good: Bool[np.ndarray, 2] = np.isfinite(angles) if limit is None else widths <= limit
        return np.where(good, angles, np.nan), np.where(good, widths, np.nan)
