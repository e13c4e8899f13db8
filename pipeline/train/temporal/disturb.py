"""Disturbances of runs of frames in a video: what a temporal model is to learn to bridge, and is judged on."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.package.view import size_of

Frames = UInt8[np.ndarray, "T H W C"]
Points = Float[np.ndarray, "T K 2"]

_RUN = (3, 6)  # fewest and most frames of a disturbance
_PATCH = 0.06  # half side of a patch, as a share of the size of the keypoints' arrangement
_BLUR = (0.03, 0.07)  # length of a blur, as a share of the same
_LIGHT = (0.04, 0.12)  # share of the light that is left
_NOISE = 2.0  # gray levels, of a dark frame


def _size(frames: Frames, truth: Points) -> float:
    """Return the usual size of the arrangement of keypoints, or the frame's shorter side if nothing is labelled."""
    known = [points[np.isfinite(points).all(axis=1)] for points in truth]
    sizes = [size_of(points) for points in known if len(points) > 1]
    return float(np.median(sizes)) if sizes else float(min(frames.shape[1:3]))


def patch(frames: Frames, truth: Points, rng: np.random.Generator) -> Frames:
    """Cover one keypoint by a patch of one colour, which moves with it."""
    frames, point = frames.copy(), int(rng.integers(truth.shape[1]))
    half = max(round(_PATCH * _size(frames, truth) * rng.uniform(0.7, 1.3)), 1)
    colour = rng.integers(0, 256, frames.shape[-1])
    for frame, place in zip(frames, truth[:, point], strict=True):
        if np.isfinite(place).all():
            x, y = place.round().astype(int)
            frame[max(y - half, 0) : max(y + half, 0), max(x - half, 0) : max(x + half, 0)] = colour
    return frames


def blur(frames: Frames, truth: Points, rng: np.random.Generator) -> Frames:
    """Blur the frames along a line, as a quick movement of the camera does."""
    length = max(round(_size(frames, truth) * rng.uniform(*_BLUR)), 3) | 1
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    end = middle * np.array([np.cos(angle := rng.uniform(0, np.pi)), np.sin(angle)])
    first, last = ((middle + sign * end).round().astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, first, last, 1.0)
    kernel /= kernel.sum()
    return np.stack([cv2.filter2D(frame, -1, kernel).reshape(frame.shape) for frame in frames])


def dark(frames: Frames, truth: Points, rng: np.random.Generator) -> Frames:
    """Take most of the light away; what is left has the sensor's noise."""
    noise = rng.normal(0, _NOISE, frames.shape)
    return np.clip(frames * rng.uniform(*_LIGHT) + noise, 0, 255).astype(np.uint8)


DISTURBANCES: dict[str, Callable[[Frames, Points, np.random.Generator], Frames]] = {
    "patch": patch,
    "blur": blur,
    "dark": dark,
}


def disturbed(frames: Frames, truth: Points, rng: np.random.Generator) -> Frames:
    """Return a video with one run of frames of each disturbance, at random places, which may overlap.

    Args:
        frames: Successive frames.
        truth: True keypoints in their pixels, NaN where not known.
        rng: Random numbers.
    """
    frames = np.array(frames)
    for disturb in DISTURBANCES.values():
        length = min(int(rng.integers(_RUN[0], _RUN[1] + 1)), len(frames))
        start = int(rng.integers(len(frames) - length + 1))
        run = slice(start, start + length)
        frames[run] = disturb(frames[run], truth[run], rng)
    return frames
