"""Conversion of grey values of more than 8 bits to 8-bit pixels.

The grey values of a window are mapped linearly to 0 to 255; values outside the window are clipped. 8-bit values are
unchanged unless a window is given.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped, UInt8

_WINDOW = (0.5, 99.5)  # percentiles


class Window(NamedTuple):
    """The range of grey values that is mapped to 0 to 255."""

    low: float
    high: float


def windowed(values: Shaped[np.ndarray, "H W *C"], window: Window | None = None) -> UInt8[np.ndarray, "H W *C"]:
    """Convert values to 8-bit pixels by a window.

    Args:
        values: Grey values or colours of any type.
        window: The window; by default from the 0.5th to the 99.5th percentile of the values.
    """
    if window is None:
        if values.dtype == np.uint8:
            return values
        finite = np.isfinite(values)
        low, high = np.percentile(values[finite], _WINDOW) if finite.any() else (0.0, 1.0)
        window = Window(float(low), float(high))
    width = max(window.high - window.low, 1e-12)
    share: Float[np.ndarray, "H W *C"] = (np.nan_to_num(values.astype(np.float64)) - window.low) / width
    return np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)


def rgb(pixels: UInt8[np.ndarray, "H W *C"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return pixels with three channels; a gray channel is repeated."""
    return np.ascontiguousarray(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3])
