"""Rear-view walking: the frames of one subject's video, and the positions of the six markers in each."""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from pipeline.synthetic.camera import Camera, turned
from pipeline.synthetic.figure import Skin, draw_leg, skin_of
from pipeline.synthetic.gait import poses
from pipeline.synthetic.people import Subject
from pipeline.synthetic.render import Layer, paint_strip

KEYPOINTS = ("left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel")
_NOISE_MARGIN = 64


def render(subject: Subject) -> Iterator[tuple[UInt8[np.ndarray, "H W 3"], Float[np.ndarray, "6 2"]]]:
    """Yield the frames of a subject's video (RGB) with the six marker centres in pixels, NaN where not visible."""
    rng = np.random.default_rng(subject.seed)
    height, width = subject.background.shape[:2]
    size = (height + _NOISE_MARGIN, width + _NOISE_MARGIN, 3)
    grain = np.rint(subject.light.noise * rng.standard_normal(size, dtype=np.float32)).astype(np.int16)
    shake = np.zeros(3)
    for number in range(subject.frames):
        shake = 0.85 * shake + 0.5 * subject.shake * rng.standard_normal(3)
        camera, image = _view(subject, shake / subject.camera.focal)
        xy = _draw_legs(subject, camera, number / subject.fps, image)
        if subject.pole is not None:
            xy = _draw_pole(subject.pole, image, xy)
        dy, dx = rng.integers(0, _NOISE_MARGIN, 2)
        sharp = cv2.GaussianBlur(cv2.convertScaleAbs(image), (5, 5), subject.lens)
        yield cv2.add(sharp, grain[dy : dy + height, dx : dx + width], dtype=cv2.CV_8U), xy


def _view(subject: Subject, shake: Float[np.ndarray, "3"]) -> tuple[Camera, Float[np.ndarray, "H W 3"]]:
    """Turn the camera by a hand's shake (radians right, down and about its axis); return it and its background."""
    if not shake.any():
        return subject.camera, subject.background.copy()
    camera = turned(subject.camera, *shake)
    moved = camera.from_view(subject.camera)
    size = (camera.width, camera.height)
    return camera, cv2.warpPerspective(subject.background, moved, size, borderMode=cv2.BORDER_REFLECT)


def _draw_legs(
    subject: Subject, camera: Camera, time_s: float, image: Float[np.ndarray, "H W 3"]
) -> Float[np.ndarray, "6 2"]:
    """Draw both legs into the image over the exposure and return the marker centres (6, 2) in pixels."""
    legs = (subject.legs[0].leg, subject.legs[1].leg)
    half = 0.5 * subject.shutter / subject.fps
    start, end = (
        [skin_of(leg, pose) for leg, pose in zip(legs, poses(subject.gait, legs, t), strict=True)]
        for t in (time_s - half, time_s + half)
    )
    xy = np.full((2, 3, 2), np.nan)
    # the further leg first; the nearer one may hide its markers
    for k in sorted((k for k in (0, 1) if subject.in_view[k]), key=lambda k: -start[k].outline[:, 2].mean()):
        _shadow(camera, start[k], image)
        drawn = draw_leg(image, subject, camera, k, (start[k], end[k]), time_s)
        drawn.layer.onto(image)
        xy[1 - k][drawn.layer.solid_at(xy[1 - k]) > 0.5] = np.nan
        xy[k] = drawn.centres
    points = xy.reshape(6, 2)
    inside = np.all((points >= 0) & (points <= [camera.width - 1, camera.height - 1]), axis=1, keepdims=True)
    return np.where(inside, points, np.nan)


def _draw_pole(
    pole: Float[np.ndarray, "2 2 2"], image: Float[np.ndarray, "H W 3"], xy: Float[np.ndarray, "6 2"]
) -> Float[np.ndarray, "6 2"]:
    """Draw the object in front of the patient; return the marker centres with NaN for the markers that it hides."""
    layer = Layer.of(image, pole.reshape(4, 2), 2)
    metal = np.float32(60) + np.float32(120) * np.array([[[0.3], [0.9], [1.0], [0.6], [0.2]]], np.float32)
    texture = np.repeat(np.repeat(metal.reshape(1, 5, 1), 2, axis=0), 3, axis=2)
    paint_strip(layer, pole, np.array([0.0, 1.0]), np.ones(2), texture)
    layer.onto(image)
    return np.where((layer.solid_at(xy) > 0.5)[:, None], np.nan, xy)


def _shadow(camera: Camera, now: Skin, image: Float[np.ndarray, "H W 3"]) -> None:
    """Darken the floor around the foot, more strongly the nearer the foot is to the floor."""
    middle, gap = now.outline.mean(axis=0), max(float(now.outline[:, 1].min()), 0.0)
    ground = np.array([middle[0], 0.0, middle[2] - 0.03])
    reach = np.array([[0, 0, 0], [0.09 + gap, 0, 0], [0, 0, 0.17 + gap]])
    at, side, ahead = camera.project(ground + reach)
    rx, ry = abs(side[0] - at[0]) + 1, abs(ahead[1] - at[1]) + 3
    y0, y1 = int(max(at[1] - 2 * ry, 0)), int(min(at[1] + 2 * ry, image.shape[0]))
    x0, x1 = int(max(at[0] - 2 * rx, 0)), int(min(at[0] + 2 * rx, image.shape[1]))
    if y1 <= y0 or x1 <= x0:
        return
    dx, dy = (np.arange(x0, x1) - at[0])[None] / rx, (np.arange(y0, y1) - at[1])[:, None] / ry
    dark = 1 - 0.55 * np.exp(-gap / 0.06) * np.exp(-1.5 * dx * dx) * np.exp(-1.5 * dy * dy)
    image[y0:y1, x0:x1] *= dark.astype(np.float32)[..., None]
