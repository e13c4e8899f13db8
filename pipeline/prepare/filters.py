"""Image filters: from RGB bytes to RGB bytes of the same size, at the image's own resolution.

A package names its filters and its consumer applies these same functions, so this file needs nothing but NumPy and
OpenCV. To add a filter: a function here, and its options under the same name in settings.py.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
from jaxtyping import UInt8

from pipeline.prepare.settings import Filter

Image: TypeAlias = UInt8[np.ndarray, "H W 3"]

FILTERS: dict[str, Callable[..., Any]] = {}


def _filter(function: Callable[..., Any]) -> Callable[..., Any]:
    FILTERS[function.__name__] = function
    return function


def apply_filters(image: Image, filters: Sequence[Filter]) -> Image:
    """Apply filters in order; without any, the image itself comes back."""
    for one in filters:
        image = FILTERS[one.name](image, **one.checked_options().model_dump())
    return image


@_filter
def grayscale(image: Image) -> Image:
    """Gray in all three channels."""
    return _as_rgb(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


@_filter
def clahe(image: Image, clip_limit: float, tiles: int) -> Image:
    """Contrast-limited adaptive histogram equalization of the lightness (L of CIE Lab)."""
    return _on_lightness(image, cv2.createCLAHE(clipLimit=clip_limit, tileGridSize=(tiles, tiles)).apply)


@_filter
def histogram_equalization(image: Image) -> Image:
    """Histogram equalization of the lightness (L of CIE Lab)."""
    return _on_lightness(image, cv2.equalizeHist)


@_filter
def noise_reduction(image: Image, kind: str, sigma: float, colour_sigma: float) -> Image:
    """Gaussian or bilateral smoothing; sigma in pixels, colour_sigma in gray levels."""
    if kind == "gaussian":
        return cv2.GaussianBlur(image, (0, 0), sigma)
    return cv2.bilateralFilter(image, d=2 * round(2 * sigma) + 1, sigmaColor=colour_sigma, sigmaSpace=sigma)


@_filter
def edge_enhance(image: Image, amount: float, sigma: float) -> Image:
    """Unsharp mask."""
    return cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), sigma), -amount, 0)


@_filter
def canny(image: Image, low: float, high: float, over_colour: bool) -> Image:
    """White Canny edges on black, or over the image."""
    edges = _as_rgb(cv2.Canny(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), low, high))
    return cv2.max(image, edges) if over_colour else edges


def _as_rgb(gray: UInt8[np.ndarray, "H W"]) -> Image:
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)


def _on_lightness(image: Image, change: Callable[[Any], Any]) -> Image:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = change(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
