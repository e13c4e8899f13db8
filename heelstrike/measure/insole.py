"""The base outline of an insole: a closed smooth curve around a foot, from its landmarks."""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from heelstrike.measure.settings import FootprintSettings

_POINTS = 240
_HEEL_WIDTH = 0.70  # share of the ball's width: the print's width at a fifth of its length
_WAIST = (0.20, 0.46)  # distances of the medial and lateral edges from the axis, as shares of the ball's width


def insole_outline(points_mm: Float[np.ndarray, "8 2"], settings: FootprintSettings) -> Float[np.ndarray, "240 2"]:
    """Return a closed curve around the foot in millimetres (x right, y down); the first point is not repeated.

    It keeps the allowances of the settings from heel, metatarsal heads and toes. Where there are no landmarks (width of
    heel and waist), it has usual proportions of a foot. It is a base to cut from, not a fitted insole.

    Args:
        points_mm: Tops of the five toes, medial and lateral metatarsal head, heel; in millimetres.
        settings: Settings with the allowances.
    """
    toes, medial, lateral, heel = points_mm[:5], points_mm[5], points_mm[6], points_mm[7]
    axis = toes[1] - heel
    forward = axis / np.linalg.norm(axis)
    across = np.array([-forward[1], forward[0]])
    if (lateral - medial) @ across < 0:
        across = -across

    def in_foot(point: Float[np.ndarray, "2"]) -> tuple[float, float]:
        """Return the distances in mm from the heel along the axis and to the lateral side."""
        return float((point - heel) @ forward), float((point - heel) @ across)

    (medial_u, medial_v), (lateral_u, lateral_v) = in_foot(medial), in_foot(lateral)
    width, side, front = lateral_v - medial_v, settings.side_allowance_mm, settings.toe_allowance_mm
    tip = [in_foot(toe) for toe in toes]
    longest = max(u for u, _ in tip)
    half = _HEEL_WIDTH * width / 2
    back = -settings.heel_allowance_mm
    # around the foot: heel, lateral side, toes from the fifth to the first, medial side
    ring = [
        (back, 0.0),
        (back + 0.55 * half, half * 0.82 + side),
        (0.18 * longest, half + side),
        (0.45 * longest, _WAIST[1] * width + side),
        (lateral_u, lateral_v + side),
        (tip[4][0] + 0.4 * front, tip[4][1] + 0.9 * side),
        (tip[3][0] + 0.8 * front, tip[3][1] + 0.5 * side),
        (tip[2][0] + front, tip[2][1]),
        (tip[1][0] + front, tip[1][1]),
        (tip[0][0] + front, tip[0][1]),
        (tip[0][0] - 0.06 * longest, tip[0][1] - 0.16 * width - side),
        (medial_u, medial_v - side),
        (0.45 * longest, -_WAIST[0] * width - side),
        (0.18 * longest, -half - side),
        (back + 0.55 * half, -half * 0.82 - side),
    ]
    smooth = _closed_curve(np.array(ring))
    return heel + smooth[:, :1] * forward + smooth[:, 1:] * across


def _closed_curve(ring: Float[np.ndarray, "M 2"]) -> Float[np.ndarray, "240 2"]:
    """Return a periodic cubic spline by centripetal chord lengths, which does not overshoot between uneven points."""
    closed = np.concatenate([ring, ring[:1]])
    steps = np.sqrt(np.linalg.norm(np.diff(closed, axis=0), axis=1))
    at = np.concatenate([[0.0], np.cumsum(np.maximum(steps, 1e-6))])
    return CubicSpline(at, closed, bc_type="periodic")(np.linspace(0, at[-1], _POINTS, endpoint=False))
