"""Rear-view walking: the frames of one subject's video, and the positions of the six markers in each."""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from pipeline.synthetic.camera import Camera, below_floor, turned
from pipeline.synthetic.figure import SPOTS, Skin, draw_leg, skin_of
from pipeline.synthetic.gait import poses
from pipeline.synthetic.people import Subject
from pipeline.synthetic.rails import paint_rail
from pipeline.synthetic.render import Layer, paint_hull
from pipeline.synthetic.sensor import MARGIN

KEYPOINTS = ("left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel")

_SPANS = {"0 to 10 %": 0.1, "10 to 20 %": 0.2, "20 to 40 %": 0.4, "40 to 60 %": 0.6, "60 % and more": np.inf}


def slices_of(points: Float[np.ndarray, "6 2"], height: int) -> dict[str, str]:
    """Return the evaluation slices of a frame: how many markers are in view, and how much of its height they span.

    Args:
        points: Marker centres in pixels, NaN where not visible; at least one is visible.
        height: Height of the frame, pixels.
    """
    visible = points[np.isfinite(points).all(axis=1)]
    share = float(np.ptp(visible[:, 1])) / height
    span = next(name for name, limit in _SPANS.items() if share < limit)
    return {"markers": f"{len(visible)} markers", "span": span}


def render(subject: Subject) -> Iterator[tuple[UInt8[np.ndarray, "H W 3"], Float[np.ndarray, "6 2"]]]:
    """Yield the frames of a subject's video (RGB) with the six marker centres in pixels, NaN where not visible."""
    rng = np.random.default_rng(subject.seed)
    height, width = subject.background.shape[:2]
    grain = subject.sensor.grain(height, width, rng)
    shake = np.zeros(3)
    for number in range(subject.frames):
        shake = 0.85 * shake + 0.5 * subject.shake * rng.standard_normal(3)
        camera, image = _view(subject, shake / subject.camera.focal)
        time_s = number / subject.fps
        if subject.behind is not None:
            _draw_legs(subject.behind, camera, time_s, image)
        spots = _draw_legs(subject, camera, time_s, image)
        for rail in subject.rails:
            _hide(spots, paint_rail(rail, image))
        xy = spots[:, 0]
        inside = np.all((xy >= 0) & (xy <= [width - 1, height - 1]), axis=1, keepdims=True)
        at = rng.integers(0, MARGIN, 2)
        yield subject.sensor.develop(image, grain, time_s, (int(at[0]), int(at[1]))), np.where(inside, xy, np.nan)


def _hide(spots: Float[np.ndarray, "M S 2"], layer: Layer) -> None:
    """Set a marker's spots to NaN if what was drawn over it hides more than half of them."""
    hidden = layer.solid_at(spots.reshape(-1, 2)).reshape(spots.shape[:2])
    spots[hidden.mean(axis=1) > 0.5] = np.nan


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
) -> Float[np.ndarray, "6 S 2"]:
    """Draw both legs into the image over the exposure.

    Returns:
        Spots of each marker in pixels, its centre first; NaN for a marker that is not visible.
    """
    legs = (subject.legs[0].leg, subject.legs[1].leg)
    half = 0.5 * subject.shutter / subject.fps
    start, end = (
        [skin_of(leg, pose) for leg, pose in zip(legs, poses(subject.gait, legs, t), strict=True)]
        for t in (time_s - half, time_s + half)
    )
    spots = np.full((2, 3, SPOTS, 2), np.nan)
    if subject.gleam:
        _mirror(subject, camera, (start, end), time_s, image)
    _draw_body(subject, camera, start, image)
    # the further leg first; the nearer one may hide its markers
    for k in sorted((k for k in (0, 1) if subject.in_view[k]), key=lambda k: -start[k].outline[:, 2].mean()):
        _shadow(camera, start[k], image)
        drawn = draw_leg(image, subject, camera, k, (start[k], end[k]), time_s)
        drawn.layer.onto(image)
        _hide(spots[1 - k], drawn.layer)
        spots[k] = drawn.spots
    return spots.reshape(6, SPOTS, 2)


def _mirror(
    subject: Subject,
    camera: Camera,
    ends: tuple[list[Skin], list[Skin]],
    time_s: float,
    image: Float[np.ndarray, "H W 3"],
) -> None:
    """Draw both legs with their markers mirrored in the floor, faint. Nobody labels what is mirrored."""
    shiny = np.ascontiguousarray(image[::-1])
    for k in (k for k in (0, 1) if subject.in_view[k]):
        draw_leg(shiny, subject, below_floor(camera), k, (ends[0][k], ends[1][k]), time_s).layer.onto(shiny)
    image += subject.gleam * (shiny[::-1] - image)


def _draw_body(subject: Subject, camera: Camera, legs: list[Skin], image: Float[np.ndarray, "H W 3"]) -> None:
    """Draw hips and back in the colour of the clothes, if the camera shows that much of a person with both legs."""
    tops = np.stack([leg.centre[0] for leg in legs])
    if not all(subject.in_view) or camera.project(tops)[:, 1].max() < 0:
        return
    middle = tops.mean(axis=0)
    outline = middle + np.array([(x, y, 0.05) for x, y in ((0.16, -0.04), (0.18, 0.1), (0.15, 0.35), (0.21, 0.75))])
    corners = camera.project(np.concatenate([outline, outline * [-1, 1, 1] + 2 * middle * [1, 0, 0], tops]))
    layer = Layer.of(image, corners, 2)
    paint_hull(layer, corners, subject.legs[0].cloth.mean(axis=(0, 1)), below=0.7)
    layer.onto(image)


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
