"""Image filters, which turn an RGB image into one of the same size, at the image's own resolution.

Training and consumer apply the same functions, so this file needs only NumPy and OpenCV. To add a filter, write a
function here, or a class if it needs the preceding frames, and its options under the same name in settings.py.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import Filter, needs_video

Image: TypeAlias = UInt8[np.ndarray, "H W 3"]

FILTERS: dict[str, Callable[..., Any]] = {}


def _filter(function: Callable[..., Any]) -> Callable[..., Any]:
    FILTERS[function.__name__] = function
    return function


def apply_filters(image: Image, filters: Sequence[Filter]) -> Image:
    """Apply filters to a still image, in order. Without filters, return the image itself.

    Raises:
        UserError: A filter needs the preceding frames of a video.
    """
    if needs_video(filters):
        names = ", ".join(each.name for each in filters if each.name in VIDEO_FILTERS)
        raise UserError(
            f"the filter {names} needs the preceding frames of a video: it cannot be applied to a still image"
        )
    return VideoFilters(filters)(image)


class VideoFilters:
    """Applies filters to the frames of one video. Every frame is passed once, in order, from the first.

    Training also passes all frames before a labelled one, so its pixels are the same as a consumer's.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        chain = []
        for each in filters:
            name, options = each.name, each.checked_options().model_dump()
            apply = VIDEO_FILTERS[name](**options) if name in VIDEO_FILTERS else _with(name, options)
            chain.append(apply)
        after_last = max((n + 1 for n, each in enumerate(filters) if each.name in VIDEO_FILTERS), default=0)
        self._remembering, self._rest = chain[:after_last], chain[after_last:]

    def __call__(self, image: Image) -> Image:
        """Return the next frame, filtered."""
        image = self.pass_by(image)
        for apply in self._rest:
            image = apply(image)
        return image

    def pass_by(self, image: Image) -> Image:
        """Pass a frame that is not needed itself: apply only the filters that later frames depend on."""
        for apply in self._remembering:
            image = apply(image)
        return image


def _with(name: str, options: dict[str, Any]) -> Callable[[Image], Image]:
    return lambda image: FILTERS[name](image, **options)


@_filter
def grayscale(image: Image) -> Image:
    """Convert to gray, in three equal channels."""
    return _as_rgb(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


@_filter
def invert(image: Image) -> Image:
    """Return the negative."""
    return cv2.bitwise_not(image)


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


class BackgroundSubtractor:
    """Makes pixels black where nothing moves, by OpenCV's Gaussian mixture (Zivkovic 2004). Shadows count as moving."""

    def __init__(self, history: int, threshold: float) -> None:
        self._mixture = cv2.createBackgroundSubtractorMOG2(history, threshold, detectShadows=False)

    def __call__(self, image: Image) -> Image:
        """Return the next frame without its background."""
        return cv2.bitwise_and(image, image, mask=self._mixture.apply(image))


VIDEO_FILTERS: dict[str, Callable[..., Callable[[Image], Image]]] = {"background_subtraction": BackgroundSubtractor}
"""Filters that depend on earlier frames. A new one is made for each video."""
