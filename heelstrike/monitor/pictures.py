"""Statistics of a picture, and of what is at its keypoints, from a copy that is scaled to at most 256 pixels."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.package.image import Image
from heelstrike.preprocess.settings import InputSize

SIDE = 256
"""Longer side of the scaled picture, pixels; a smaller picture stays as it is."""

_RING = 0.09  # distance of the surroundings from a keypoint, as a share of the arrangement's span
_NEAREST = 3.0  # pixels of the scaled picture
_AROUND = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)
# the difference of two Laplacians, which leaves noise and takes out what is smooth (Immerkaer, CVIU 64, 1996)
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


class Statistics(NamedTuple):
    """Statistics of one picture; the fields are those of `PictureWire`."""

    brightness: float
    contrast: float
    sharpness: float
    noise: float
    red: float
    blue: float


class Spot(NamedTuple):
    """What is at the keypoints of one picture; the fields are those of `MarkerWire`."""

    brightness: float
    contrast: float
    red: float
    blue: float


def scaled(image: Image) -> UInt8[np.ndarray, "h w 3"]:
    """Return a picture as Y, Cr and Cb (BT.601), shrunk to `SIDE`."""
    pixels = image.for_input(InputSize(width=SIDE, height=SIDE))
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    if scale < 1:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2YCrCb), np.uint8)


def statistics_of(picture: UInt8[np.ndarray, "h w 3"]) -> Statistics:
    """Return the statistics of a picture in Y, Cr and Cb."""
    means, deviations = (np.ravel(part) for part in cv2.meanStdDev(picture))
    brightness = picture[..., 0]
    laplacian = cv2.meanStdDev(cv2.Laplacian(brightness, cv2.CV_16S, ksize=1))[1]
    noise = cv2.filter2D(brightness, cv2.CV_16S, _NOISE)
    return Statistics(
        brightness=float(means[0]),
        contrast=float(deviations[0]),
        sharpness=float(laplacian[0, 0]) ** 2,
        noise=float(np.sqrt(np.pi / 2) / 6 * cv2.norm(noise, cv2.NORM_L1) / noise.size),
        red=float(means[1]),
        blue=float(means[2]),
    )


def spots_of(picture: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "P 2"], span: float) -> Spot:
    """Return the medians of what is at some points, and around them.

    Args:
        picture: The picture in Y, Cr and Cb.
        points: Positions in its pixels, at least one.
        span: Size of the arrangement of the points in its pixels.
    """
    at = _values(picture, points)
    distance = max(_RING * span, _NEAREST)
    around = np.median(_values(picture, points[:, None] + distance * _AROUND), axis=1)
    above = np.median(at - around, axis=0)
    return Spot(float(np.median(at[:, 0])), float(above[0]), float(above[1]), float(above[2]))


def _values(picture: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 3"]:
    """Return the values of the pixels nearest to some points; those at the edge for points beyond it."""
    height, width = picture.shape[:2]
    at = np.clip(np.rint(points), 0, [width - 1, height - 1]).astype(int)
    return picture[at[..., 1], at[..., 0]].astype(np.float64)
