"""What lies in the midsagittal plane of a brain: outlines of its structures, bent to each person's landmarks.

The outlines were read off the midsagittal plane of the average brain ICBM 152 (2009a symmetric, Fonov et al. 2011), to
about 1 mm, and made smaller by a twentieth, so that the commissures lie 13 mm from the origin. People differ by the
standard deviations of landmarks in 30 adults (AFIDs on OASIS, Taha et al. 2023), widened, since a renderer should show
more variety than 30 adults do.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float
from scipy.ndimage import map_coordinates

Points = Float[np.ndarray, "N 3"]
Field = Float[np.ndarray, "N"]

_FRONT, _TOP, _STEP = 100.0, 60.0, 0.25  # the rasters: first column's y, first row's z, side of a pixel, mm
_SIZE = (640, 800)  # rows, columns
_REACH = 13.0  # millimetres; how far a landmark carries its surroundings along
_WIDER = 1.3  # range of people against the 30 adults'
_SIDES = (15.0, 45.0)  # from here on, and up to here, a structure's place off the midline follows its landmarks less

# (y, z) of the corners, millimetres; y to the front, z upwards
_OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "callosum": (
        (26, 4.5), (33, 3.3), (38, 3.8), (42, 6), (44, 10), (42, 15), (37, 20), (29, 25.5), (21, 29.5), (13, 31.8),
        (6, 32.2), (0, 31), (-8, 29), (-16, 27.2), (-23, 26.5), (-28, 23), (-31, 17), (-31, 11.5), (-28, 8.2),
        (-24, 7.6), (-20.5, 10.5), (-20, 15), (-17, 19.3), (-11, 22.5), (-4, 24.8), (6, 25.8), (13, 25.2), (21, 22),
        (27, 17.5), (30.5, 12.5), (30.5, 9.3), (27.5, 7.8),
    ),
    # all within the callosum's arch and below: there is no cortex there
    "core": (
        (26, 4), (33, 3.3), (42, 6), (44, 10), (42, 15), (29, 25.5), (13, 31.8), (0, 31), (-16, 27.2), (-23, 26.5),
        (-31, 17), (-32, 11.5), (-35, 8), (-44, 3), (-58, -8), (-68, -20), (-66, -50), (-40, -60), (-10, -60), (4, -40),
        (7, -20), (14, -14), (22, -8), (22, 2),
    ),
    "septum": (
        (29.5, 12), (26, 17), (20, 21.5), (12, 24.6), (4, 25.2), (-4, 24), (2, 22), (8, 17), (12, 10), (17, 5),
        (26, 7.5),
    ),
    "fornix": (
        (-8, 24), (0, 24.6), (6, 21.5), (11, 15.5), (13.8, 8), (14.4, 1), (12, 0.5), (11, 6), (8.5, 12.5), (4, 18),
        (-2, 21.5), (-9, 21.5),
    ),
    # third ventricle and what is fluid above it
    "third": (
        (-18, 19), (-10, 21.5), (-2, 21), (4, 17.5), (9, 11.5), (11.5, 5), (13, -3), (10, -11), (7, -10), (2, -5),
        (-5, -1.5), (-12, -1.5), (-13, 1.5), (-18, 7), (-20.5, 11),
    ),
    "adhesion": ((6.5, 8), (4.5, 12.5), (0, 14), (-5, 12.5), (-8, 8.5), (-6.5, 4.5), (-1, 2), (4.5, 3)),
    "brainstem": (
        (0.5, -4), (-3, -2.6), (-8, -1.8), (-13, -3), (-16.5, -6.5), (-19.5, -12), (-21.5, -18), (-23.3, -26),
        (-26, -36), (-28, -45), (-29, -54), (-31.5, -60), (-33, -76), (-22, -76), (-18.5, -60), (-15.5, -52),
        (-15.5, -46), (-16.5, -43.5), (-12.5, -43.8), (-8, -43), (-3.5, -40), (-0.3, -34), (0.6, -27), (-1, -21),
        (-4.5, -18.4), (-8.5, -18.8), (-9.8, -17), (-6, -10.5), (-2, -6.8),
    ),
    "tectum": (
        (-11.5, 0.8), (-14, 1), (-18.5, -1), (-23.5, -4.5), (-26, -8.5), (-25.4, -11.5), (-22.5, -9), (-17.5, -4),
        (-13, -1),
    ),
    "fourth": (
        (-23.5, -12), (-21.5, -17), (-23.5, -26), (-26.5, -35), (-28.5, -43), (-30, -39), (-32, -33), (-38.5, -27.6),
        (-32, -24.5), (-27.5, -19), (-25.5, -13.5),
    ),
    "vermis": (
        (-26, -14), (-27, -8), (-31, -3.5), (-36, 0), (-41, 1.5), (-47, -0.5), (-52.5, -5), (-58, -11), (-63.5, -19.5),
        (-64.5, -28), (-62.5, -35.5), (-57.5, -43), (-51, -47.3), (-44, -47), (-36.5, -44), (-31.5, -39), (-30, -34),
        (-33, -30), (-37.5, -27.6), (-31.5, -24), (-27, -20),
    ),
    "behind": (  # cisterns from the pineal gland to above the cerebellum
        (-12, 2), (-16, 7), (-22, 7.5), (-27, 7.5), (-32, 10), (-36, 11), (-41, 4.5), (-36, -2), (-30, -6), (-26, -13),
        (-24, -6), (-18, 0),
    ),
    "before": (  # cisterns from the optic chiasm down along the pons
        (21, -7), (14, -8), (8, -11.5), (2, -8.5), (-3, -8), (-9, -16), (-4, -19), (0.5, -25), (0.5, -34), (-4, -41),
        (-14, -46), (-15, -57), (-9, -56), (0, -45), (5, -33), (6, -22), (12, -17), (21, -12),
    ),
}  # fmt: skip
# landmarks: (y, z), and standard deviation of y and z in millimetres
_LANDMARKS = (
    ((13, 0), (0.0, 0.0)),  # anterior commissure
    ((-13, 0), (0.0, 0.0)),  # posterior commissure
    ((44, 10), (2.9, 2.3)),  # genu of the corpus callosum
    ((-26, 8), (3.8, 3.0)),  # its splenium; adults differ by 1.7 mm in z, but whole brains lean
    ((6, 32), (1.5, 3.0)),  # its body, as the ventricles' roof
    ((-10, -17), (1.4, 1.3)),  # junction of pons and midbrain
    ((0, -5), (1.0, 0.9)),  # interpeduncular fossa
    ((-26, -9), (1.2, 0.7)),  # below the colliculi
    ((-41, 1), (4.4, 2.5)),  # culmen
    ((4, -9), (0.9, 1.5)),  # between the mammillary bodies
    ((-6, -43), (2.0, 2.5)),  # lower end of the pons
    ((-50, -47), (3.0, 3.0)),  # lowest point of the vermis
)


@dataclass(frozen=True)
class Midline:
    """The midsagittal structures of one person.

    Attributes:
        weights: What each landmark adds to the shift of its surroundings along y and z, mm.
    """

    weights: Float[np.ndarray, "L 2"]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Midline":
        """Draw a person's landmarks."""
        spread = np.array([spread for _, spread in _LANDMARKS]) * _WIDER
        shifts = rng.normal(0, 1, spread.shape).clip(-2, 2) * spread
        places = np.array([place for place, _ in _LANDMARKS], float)
        near = _carried(((places[:, None] - places[None]) ** 2).sum(axis=-1))
        return cls(np.linalg.solve(near + 0.05 * np.eye(len(near)), shifts).astype(np.float32))

    def places(self, points: Points) -> Float[np.ndarray, "N 2"]:
        """Return where points lie among the outlines: (y, z), so that `distance` is that of this person."""
        flat = points[:, 1:].astype(np.float32)
        shift = np.zeros_like(flat)
        for (place, _), weight in zip(_LANDMARKS, self.weights, strict=True):
            shift += _carried(((flat - np.array(place, np.float32)) ** 2).sum(axis=1))[:, None] * weight
        least, most = _SIDES
        share = np.clip((most - np.abs(points[:, :1])) / (most - least), 0, 1).astype(np.float32)
        return flat - share * shift


def distance(name: str, places: Float[np.ndarray, "N 2"]) -> Field:
    """Return the distance from an outline in its plane, negative inside; far away it is that of the raster's edge."""
    row, column = (_TOP - places[:, 1]) / _STEP, (_FRONT - places[:, 0]) / _STEP
    return np.asarray(map_coordinates(_raster(name), (row, column), order=1, mode="nearest"))


def _carried(squares: np.ndarray) -> np.ndarray:
    """Return the share of a landmark's shift that a point follows, from its squared distance."""
    return np.asarray(np.exp(-0.5 * squares / _REACH**2))


@cache
def _raster(name: str) -> Float[np.ndarray, "640 800"]:
    """Return the signed distances of an outline on a raster, millimetres."""
    corners = np.array(_OUTLINES[name], float)
    scale = 16  # fillPoly's fractions of a pixel
    pixels = (np.array([_FRONT, _TOP]) - _smooth(corners)) / _STEP
    filled = np.zeros(_SIZE, np.uint8)
    cv2.fillPoly(filled, [np.rint(pixels * scale).astype(np.int32)], 1, shift=4)
    inside, outside = (cv2.distanceTransform(mask, cv2.DIST_L2, 5) for mask in (filled, 1 - filled))
    return np.asarray((outside - inside) * _STEP, np.float32)


def _smooth(corners: Float[np.ndarray, "C 2"]) -> Float[np.ndarray, "P 2"]:
    """Return a closed curve through the corners (Catmull-Rom), ten points to a corner."""
    before, after, next_after = np.roll(corners, 1, 0), np.roll(corners, -1, 0), np.roll(corners, -2, 0)
    t = np.linspace(0, 1, 10, endpoint=False)[None, :, None]
    a, b, c, d = (part[:, None] for part in (before, corners, after, next_after))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(curve.reshape(-1, 2))
