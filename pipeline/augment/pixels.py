"""Colour, saturation, negative and blur by albumentations, noise by NumPy and OpenCV: what moves no keypoint."""

# ruff: noqa: I001 - quiet comes before albumentations, which else asks the network for updates
import random

import pipeline.quiet  # noqa: F401
import albumentations
import cv2
import numpy as np
from jaxtyping import UInt8

from pipeline.augment.settings import ViewSettings

_NOISE = np.random.default_rng(0).standard_normal(1 << 21).astype(np.float32)
"""Gaussian noise to take pieces from: drawing it afresh, as albumentations does, takes 2.4 ms at 256x256."""


class PixelChanges:
    """The chain, built once; not for use by several threads at once, since albumentations keeps its random state."""

    def __init__(self, settings: ViewSettings, channels: int) -> None:
        self._settings = settings
        self._chain = albumentations.Compose([*_colours(settings, channels), *_blurs(settings)])

    def __call__(self, image: UInt8[np.ndarray, "H W C"], rng: np.random.Generator) -> UInt8[np.ndarray, "H W C"]:
        """A changed copy, or the image itself when chance left it alone."""
        noisy, levels, start = rng.random(), rng.random(), rng.random()
        self._chain.set_random_state(rng, random.Random(int(rng.integers(1 << 32))))
        changed: np.ndarray = self._chain(image=image)["image"]
        if noisy < self._settings.noise:
            changed = _with_noise(changed, levels * self._settings.noise_levels, start)
        return changed.reshape(image.shape)


def _colours(settings: ViewSettings, channels: int) -> list[albumentations.BasicTransform]:
    """Shifts of colour; a gray image has no hue and no saturation."""
    fraction, hue = settings.colour_fraction, settings.hue_degrees / 2  # OpenCV counts hue in steps of two degrees
    light = albumentations.RandomBrightnessContrast(fraction, fraction, brightness_by_max=True, p=1)
    if channels == 1:
        shift: albumentations.BasicTransform | albumentations.BaseCompose = light
        vivid = []
    else:
        shift = albumentations.Sequential([light, albumentations.HueSaturationValue(hue, 0, 0, p=1)], p=1)
        # a factor, where HueSaturationValue would add: gray stays gray instead of turning red
        factors, same = settings.saturation_range, (1.0, 1.0)
        vivid = [albumentations.ColorJitter(same, same, factors, (0.0, 0.0), p=settings.saturation)]
    return [
        albumentations.Sequential([shift], p=settings.colour),
        *vivid,
        albumentations.InvertImg(p=settings.negative),
    ]


def _blurs(settings: ViewSettings) -> list[albumentations.BaseCompose]:
    """Motion blur in any direction, centred, so that nothing moves; or Gaussian blur."""
    motion = albumentations.MotionBlur((3, settings.blur_px), allow_shifted=False, direction_range=(0, 0), p=1)
    gaussian = albumentations.GaussianBlur(sigma_limit=(0.3, settings.blur_px / 3), p=1)
    return [albumentations.OneOf([motion, gaussian], p=settings.blur)]


def _with_noise(image: UInt8[np.ndarray, "H W C"], levels: float, start: float) -> UInt8[np.ndarray, "H W C"]:
    """Gaussian noise of `levels` standard deviation, from a random place (`start` in [0, 1)) of the store."""
    first = int(start * (1 << 20))
    noise = np.resize(_NOISE[first:], image.shape) if image.size > 1 << 20 else _NOISE[first : first + image.size]
    scaled = noise.reshape(image.shape) * np.float32(levels)
    return np.asarray(cv2.add(image, scaled, dtype=cv2.CV_8U))
