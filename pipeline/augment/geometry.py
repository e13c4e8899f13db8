"""Flip, zoom, tilt and shift as one affine map, so that an image is resampled once.

albumentations has each of these, but not as one warp with a probability for each, and it does not swap left and right
keypoints. Its `Affine` alone takes longer than this whole module. Coordinates are (x, y), and (0, 0) is the centre of
the top-left pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.preprocess.settings import PAD_VALUE
from pipeline.augment.settings import ViewSettings


@dataclass(frozen=True)
class Move:
    """An affine map of an image: p -> linear @ p + offset, in pixels.

    Attributes:
        linear: Linear part: zoom, tilt and mirror.
        offset: Translation, pixels.
        flip: True if the map mirrors the image, so that left and right keypoints change places.
        plain: True if the map is the identity or a mere flip, which needs no resampling.
    """

    linear: Float[np.ndarray, "2 2"]
    offset: Float[np.ndarray, "2"]
    flip: bool
    plain: bool

    @property
    def zoom(self) -> float:
        """Factor by which lengths grow."""
        return float(np.sqrt(abs(np.linalg.det(self.linear))))

    def points(self, points: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Return the moved points; NaN stays NaN."""
        return points @ self.linear.T + self.offset

    def image(self, image: UInt8[np.ndarray, "H W C"]) -> UInt8[np.ndarray, "H W C"]:
        """Return the moved image, of the same size, interpolated linearly."""
        height, width, channels = image.shape
        if self.plain:
            return np.asarray(cv2.flip(image, 1), dtype=np.uint8).reshape(image.shape) if self.flip else image
        matrix = np.column_stack([self.linear, self.offset])
        # OpenCV warps four channels more than twice as fast as three
        source = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA) if channels == 3 else image
        warped = cv2.warpAffine(
            source,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=[PAD_VALUE] * 4,
        )
        moved = cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB) if channels == 3 else warped
        return np.asarray(moved, dtype=np.uint8).reshape(height, width, channels)


def make_move(width: int, height: int, flip: bool, zoom: float, degrees: float, shift: tuple[float, float]) -> Move:
    """Make a map that mirrors, scales and rotates about the centre of the image, then shifts.

    Args:
        width: Width of the image, pixels.
        height: Height of the image, pixels.
        flip: True to mirror left and right first.
        zoom: Scale factor; above 1 enlarges.
        degrees: Rotation; positive angles turn x towards y, which is clockwise as displayed.
        shift: Shift in x and y, pixels.
    """
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = zoom * turn @ np.diag([-1.0 if flip else 1.0, 1.0])
    plain = zoom == 1 and degrees == 0 and shift == (0, 0)
    return Move(linear, centre + np.array(shift) - linear @ centre, flip, plain)


def draw_move(settings: ViewSettings, width: int, height: int, rng: np.random.Generator) -> Move:
    """Draw a random map. The count of drawn numbers is fixed, so that no probability changes another one's outcome."""
    flip, zoom, tilt, shift = rng.random(4) < (settings.flip, settings.zoom, settings.tilt, settings.shift)
    factor = float(rng.uniform(*settings.zoom_range))
    degrees = float(rng.uniform(-1, 1)) * settings.tilt_degrees
    dx, dy = (rng.uniform(-1, 1, 2) * settings.shift_fraction * (width, height)).tolist()
    return make_move(
        width, height, bool(flip), factor if zoom else 1.0, degrees if tilt else 0.0, (dx, dy) if shift else (0.0, 0.0)
    )
