"""What an MRI scanner makes of a head's signal: contrast, coil, resolution, noise, and the end of its volume.

Contrast and coil are common to an exam's planes. Sequences differ in how bright fat, fluid and brain are against each
other, so every tissue's signal is drawn anew, around T1 weighting. Averaged scans have little noise, and scouts that
are cut from a volume, or whose face was removed, end below the brain.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int16

from pipeline.synthetic.head import AIR, BONE, CSF, DEEP, FAT, GRAY, MARROW, MUSCLE, WHITE

Curve = Callable[[Float[np.ndarray, "H W"]], Float[np.ndarray, "H W"]]

_WHITE = 900  # stored value of a signal of 1, before coil and contrast
_RANGES = {  # the template's signal of a tissue -> lowest and highest signal, as shares of white matter's
    BONE: (0.02, 0.12),
    CSF: (0.08, 0.42),
    MUSCLE: (0.4, 0.75),
    MARROW: (0.45, 1.1),
    GRAY: (0.6, 0.82),
    DEEP: (0.74, 0.94),
    WHITE: (1.0, 1.0),
    FAT: (1.1, 2.2),
}
_ENDS = 0.4  # share of exams that are cut from a volume
_NOISE = (0.002, 0.035)


@dataclass(frozen=True)
class VolumeEnd:
    """A plane of the head below which nothing was scanned.

    Attributes:
        height: Its height on the head's vertical axis, mm; -inf without an end.
        slope: Its rise, in mm per mm to the head's right and to its front.
    """

    height: float
    slope: tuple[float, float]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "VolumeEnd":
        """Draw the end of an exam's volume: below the brain, or none."""
        ends, height, slope = rng.random() < _ENDS, rng.uniform(-100, -62), rng.normal(0, 0.05, 2)
        return cls(float(height) if ends else -np.inf, (float(slope[0]), float(slope[1])))

    def holds(self, points: Float[np.ndarray, "N 3"]) -> Bool[np.ndarray, "N"]:
        """Return True for the points of the head, in its coordinates, that were scanned."""
        return np.asarray(points[:, 2] > self.height + points[:, 0] * self.slope[0] + points[:, 1] * self.slope[1])


def received(
    exam_rng: np.random.Generator,
    rng: np.random.Generator,
    signal: Float[np.ndarray, "H W"],
    placement: Float[np.ndarray, "3 3"],
) -> Int16[np.ndarray, "H W"]:
    """Return the values that a scanner stores for a plane.

    Args:
        exam_rng: Source of what all planes of an exam have in common.
        rng: Source of this plane's noise.
        signal: Mean signal through the plane's thickness, on the scale of the tissues of `head`.
        placement: Origin, step along x, step along y in patient coordinates.
    """
    bright = contrast(exam_rng)(signal) * coil(exam_rng, placement, signal.shape)
    blurred = cv2.GaussianBlur(bright, (0, 0), float(exam_rng.uniform(0.35, 0.9)))
    low, high = np.log(_NOISE)
    noise = rng.normal(0, np.exp(exam_rng.uniform(low, high)), (2, *signal.shape))
    magnitude = np.hypot(blurred + noise[0], noise[1])
    return np.rint(_WHITE * exam_rng.uniform(0.5, 1.5) * magnitude).astype(np.int16)


def contrast(rng: np.random.Generator) -> Curve:
    """Draw a sequence: a curve from the template's signal to the received one, linear between tissues."""
    tissues = np.array([0.0, *_RANGES])
    signals = np.array([0.0, *(rng.uniform(low, high) * WHITE for low, high in _RANGES.values())])
    signals[1] = max(signals[1], AIR)
    order = np.argsort(tissues)
    return lambda signal: np.interp(signal, tissues[order], signals[order])


def coil(rng: np.random.Generator, placement: Float[np.ndarray, "3 3"], shape: tuple[int, ...]) -> np.ndarray:
    """Draw a coil's sensitivity (H, W) on a plane: strongest near a point, and tilted."""
    centre, reach = rng.normal((0, 0, 0), (25, 30, 25)), rng.uniform(100, 260)
    tilt = rng.normal(0, 0.0022, 3)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    at = placement[0] + columns[..., None] * placement[1] + rows[..., None] * placement[2]
    return np.asarray(np.exp(-0.5 * (((at - centre) / reach) ** 2).sum(axis=-1)) * np.exp(at @ tilt))
