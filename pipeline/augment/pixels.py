"""Changes that move no keypoint: colour, saturation, negative and blur by albumentations, noise by NumPy and OpenCV."""

# ruff: noqa: I001 - quiet comes before albumentations, which would otherwise ask the network for updates
import random

import pipeline.quiet  # noqa: F401
import albumentations
import cv2
import numpy as np
from jaxtyping import UInt8

from pipeline.augment.settings import ViewSettings

_NOISE = np.random.default_rng(0).standard_normal(1 << 21).astype(np.float32)
"""A store of Gaussian noise. Drawing noise afresh for each image, as albumentations does, takes 2.4 ms at 256x256."""


class PixelChanges:
    """A chain of pixel changes. It is not thread-safe, because albumentations keeps a random state in it."""

    def __init__(self, settings: ViewSettings, channels: int) -> None:
        self._settings = settings
        self._chain = albumentations.Compose([*_colours(settings, channels), *_blurs(settings)])

    def __call__(self, image: UInt8[np.ndarray, "H W C"], rng: np.random.Generator) -> UInt8[np.ndarray, "H W C"]:
        """Return a changed copy, or the image itself if no change was drawn."""
        noisy, levels, start = rng.random(), rng.random(), rng.random()
        self._chain.set_random_state(rng, random.Random(int(rng.integers(1 << 32))))
        changed: np.ndarray = self._chain(image=image)["image"]
        if noisy < self._settings.noise:
            changed = _with_noise(changed, levels * self._settings.noise_levels, start)
        return changed.reshape(image.shape)


def _colours(settings: ViewSettings, channels: int) -> list[albumentations.BasicTransform]:
    """Make the changes of colour. Hue and saturation are left out for a gray image."""
    fraction, hue = settings.colour_fraction, settings.hue_degrees / 2  # OpenCV counts hue in steps of two degrees
    light = albumentations.RandomBrightnessContrast(fraction, fraction, brightness_by_max=True, p=1)
    if channels == 1:
        shift: albumentations.BasicTransform | albumentations.BaseCompose = light
        vivid = []
    else:
        shift = albumentations.Sequential([light, albumentations.HueSaturationValue(hue, 0, 0, p=1)], p=1)
        # ColorJitter multiplies saturation and keeps gray gray; HueSaturationValue would add and turn gray into red
        factors, same = settings.saturation_range, (1.0, 1.0)
        vivid = [albumentations.ColorJitter(same, same, factors, (0.0, 0.0), p=settings.saturation)]
    return [
        albumentations.Sequential([shift], p=settings.colour),
        *vivid,
        albumentations.InvertImg(p=settings.negative),
    ]


def _blurs(settings: ViewSettings) -> list[albumentations.BaseCompose]:
    """Make the blur: motion blur in any direction, centred so that no keypoint moves, or Gaussian blur."""
    motion = albumentations.MotionBlur((3, settings.blur_px), allow_shifted=False, direction_range=(0, 0), p=1)
    gaussian = albumentations.GaussianBlur(sigma_limit=(0.3, settings.blur_px / 3), p=1)
    return [albumentations.OneOf([motion, gaussian], p=settings.blur)]


def _with_noise(image: UInt8[np.ndarray, "H W C"], levels: float, start: float) -> UInt8[np.ndarray, "H W C"]:
    """Add Gaussian noise of standard deviation `levels`, read from position `start` (in [0, 1)) of the store."""
    first = int(start * (1 << 20))
    noise = np.resize(_NOISE[first:], image.shape) if image.size > 1 << 20 else _NOISE[first : first + image.size]
    scaled = noise.reshape(image.shape) * np.float32(levels)
    return np.asarray(cv2.add(image, scaled, dtype=cv2.CV_8U))
