"""Flip, zoom, tilt and shift as one affine map, so that an image is resampled once.

albumentations has each of these, but not as one warp with a probability for each, nor with left and right changing
places; its `Affine` alone takes longer than all of this. Coordinates: (x, y), (0, 0) the centre of the top-left pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.preprocess.settings import PAD_VALUE
from pipeline.augment.settings import ViewSettings


@dataclass(frozen=True)
class Move:
    """One way to move an image: p -> linear @ p + offset, in pixels.

    Attributes:
        linear: Zoom, tilt and mirror.
        offset: The rest.
        flip: Whether it mirrors, so that left and right keypoints change places.
        plain: Whether it resamples nothing: a mere flip, or nothing at all.
    """

    linear: Float[np.ndarray, "2 2"]
    offset: Float[np.ndarray, "2"]
    flip: bool
    plain: bool

    @property
    def zoom(self) -> float:
        """Factor of lengths."""
        return float(np.sqrt(abs(np.linalg.det(self.linear))))

    def points(self, points: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Where points come to lie; NaN stays NaN."""
        return points @ self.linear.T + self.offset

    def image(self, image: UInt8[np.ndarray, "H W C"]) -> UInt8[np.ndarray, "H W C"]:
        """The moved image, of the same size, linear between pixels."""
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
    """Mirror, scale and rotate about the centre of the image, then shift.

    Args:
        width: Of the image, pixels.
        height: Of the image, pixels.
        flip: Mirror left and right first.
        zoom: Factor; above 1 enlarges.
        degrees: Rotation, positive turns x towards y: clockwise as displayed.
        shift: Pixels in x and y.
    """
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = zoom * turn @ np.diag([-1.0 if flip else 1.0, 1.0])
    plain = zoom == 1 and degrees == 0 and shift == (0, 0)
    return Move(linear, centre + np.array(shift) - linear @ centre, flip, plain)


def draw_move(settings: ViewSettings, width: int, height: int, rng: np.random.Generator) -> Move:
    """A random move. Always draws as many numbers, so that one probability does not change another's outcome."""
    flip, zoom, tilt, shift = rng.random(4) < (settings.flip, settings.zoom, settings.tilt, settings.shift)
    factor = float(rng.uniform(*settings.zoom_range))
    degrees = float(rng.uniform(-1, 1)) * settings.tilt_degrees
    dx, dy = (rng.uniform(-1, 1, 2) * settings.shift_fraction * (width, height)).tolist()
    return make_move(
        width, height, bool(flip), factor if zoom else 1.0, degrees if tilt else 0.0, (dx, dy) if shift else (0.0, 0.0)
    )
