"""Rear-foot angles from three points of a leg.

Image coordinates: x to the right, y down. The person is seen from behind, so the left leg is on the image's left and
"outward" (lateral) is the image's left for the left leg, its right for the right leg.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float

Side = Literal["left", "right"]


def rearfoot_angle(leg: Float[np.ndarray, "*batch 3 2"]) -> Float[np.ndarray, "*batch"]:
    """Unsigned angle between a leg's two segments.

    It is the absolute difference of the segments' directions (arctan2), or 2 pi minus it if it exceeds pi.

    Args:
        leg: Points (x0, y0), (x1, y1), (x2, y2), top to bottom.

    Returns:
        Degrees in [0, 180]; 0 for a straight leg. NaN if a point is NaN or two neighbouring points coincide.
    """
    upper, lower = _directions(leg)
    difference = np.abs(lower - upper)
    return np.degrees(np.where(difference > np.pi, 2 * np.pi - difference, difference))


def signed_rearfoot_angle(leg: Float[np.ndarray, "*batch 3 2"], side: Side) -> Float[np.ndarray, "*batch"]:
    """Signed angle between a leg's two segments: positive for eversion, negative for inversion.

    In eversion (valgus) the line bends outward below the middle marker, away from the other leg. Seen from behind that
    is towards the image's left for the left leg and towards its right for the right leg.

    Args:
        leg: Points top to bottom, as for `rearfoot_angle`.
        side: Which of the person's legs it is.

    Returns:
        Degrees in [-180, 180]; its absolute value is `rearfoot_angle`.
    """
    upper, lower = _directions(leg)
    # With y down, arctan2 grows clockwise as seen: from "down" (90 degrees) to "left" (180 degrees).
    turn_to_image_left = wrap_degrees(np.degrees(lower - upper)) + 0.0  # no negative zero
    return turn_to_image_left if side == "left" else 0.0 - turn_to_image_left


def wrap_degrees(degrees: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """Return angles in degrees as the same directions within [-180, 180]."""
    return degrees - 360.0 * np.round(degrees / 360.0)


def _directions(
    leg: Float[np.ndarray, "*batch 3 2"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    segments = np.diff(np.asarray(leg, dtype=np.float64), axis=-2)
    direction = np.arctan2(segments[..., 1], segments[..., 0])
    # arctan2(0, 0) is 0, but coinciding points have no direction
    direction = np.where(np.any(segments != 0, axis=-1), direction, np.nan)
    return direction[..., 0], direction[..., 1]
