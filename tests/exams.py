"""Exams of a box that is known, for tests of what is measured on several images together."""

import numpy as np
from scipy.spatial.transform import Rotation

from heelstrike.measure.exam import Exam

AXIAL = ("axial_front", "axial_back", "axial_left", "axial_right")
CORONAL = ("coronal_top", "coronal_base", "coronal_left", "coronal_right")
SAGITTAL = ("sagittal_ac", "sagittal_pc", "sagittal_front", "sagittal_back", "sagittal_top", "sagittal_base")
NAMES = (*AXIAL, *CORONAL, *SAGITTAL)
SETTINGS = {
    "name": "scan_volume",
    "axial": AXIAL,
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "midline": [*AXIAL[:2], *CORONAL[:2]],
    "anterior": "sagittal_ac",
    "posterior": "sagittal_pc",
    "sides": [*AXIAL[2:], *CORONAL[2:]],
    "front": ["axial_front", "sagittal_front"],
    "back": ["axial_back", "sagittal_back"],
    "top": ["coronal_top", "sagittal_top"],
    "base": ["sagittal_base"],
    "margin_mm": 10,
}
AC, PC = np.array([0, 13.0, 0]), np.array([0, -13.0, 0])
LOW, HIGH = np.array([-68.0, -92, -60]), np.array([66.0, 80, 76])  # faces of the box, in the head's own coordinates
#: which coordinates of the head a landmark has; the plane it is on gives the others
PINNED = {
    "axial_front": (0, HIGH[1], None),
    "axial_back": (0, LOW[1], None),
    "axial_left": (LOW[0], 5, None),
    "axial_right": (HIGH[0], -5, None),
    "coronal_top": (0, None, HIGH[2]),
    "coronal_base": (0, None, -40),
    "coronal_left": (LOW[0], None, 12),
    "coronal_right": (HIGH[0], None, 8),
    "sagittal_front": (None, HIGH[1], 10),
    "sagittal_back": (None, LOW[1], 0),
    "sagittal_top": (None, -10, HIGH[2]),
    "sagittal_base": (None, -50, LOW[2]),
}
STEPS = {  # to the pixel on the right and to the one below, in the scanner's own axes
    "axial": ((-1, 0, 0), (0, -1, 0)),
    "coronal": ((-1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, -1, 0), (0, 0, -1)),
}


def exam_of(
    rng: np.random.Generator, tilt: float = 12, order=("axial", "coronal", "sagittal"), oblique: float = 6
) -> tuple[Exam, dict]:
    """Landmarks of a known box on three planes, all at random angles; and the box."""
    turn = Rotation.from_euler("xyz", rng.uniform(-tilt, tilt, 3), degrees=True).as_matrix()
    shift = rng.uniform(-20, 20, 3)
    placement, points = np.empty((3, 3, 3)), np.full((3, len(NAMES), 2), np.nan)
    for image, plane in enumerate(order):
        off = Rotation.from_euler("xyz", rng.uniform(-oblique, oblique, 3), degrees=True).as_matrix()
        along_x, along_y = (off @ np.array(step) * 1.7 for step in STEPS[plane])
        origin = shift + rng.uniform(-8, 8, 3) - 64 * (along_x + along_y)
        placement[image] = origin, along_x, along_y
        normal = np.cross(along_x, along_y) / 1.7**2
        for name in (n for n in NAMES if n.startswith(plane)):
            if name in PINNED:  # where the plane and two known coordinates of the head meet
                known = PINNED[name]
                free = known.index(None)
                fixed = np.array([0.0 if v is None else v for v in known])
                step = normal @ (origin - turn @ fixed - shift) / (normal @ turn[:, free])
                where = turn @ (fixed + step * np.eye(3)[free]) + shift
            else:  # a commissure, projected along the normal
                where = turn @ (AC if name == "sagittal_ac" else PC) + shift
            points[image, NAMES.index(name)] = np.linalg.lstsq(
                np.stack([along_x, along_y], axis=1), where - origin, rcond=None
            )[0]
    exam = Exam(points, np.where(np.isfinite(points[..., 0]), 1.0, 0.0), placement)
    return exam, {
        "centre": turn @ ((LOW + HIGH) / 2) + shift,
        "axes": turn.T,
        "extents": HIGH - LOW + 20,
        "points": turn @ np.stack([AC, PC]).T,
    }
