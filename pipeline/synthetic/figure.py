"""Draw one leg of a subject over the exposure of a frame, and return the positions of its markers."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from pipeline.synthetic.anatomy import Leg
from pipeline.synthetic.camera import Camera
from pipeline.synthetic.gait import LegPose, phase_of, skin
from pipeline.synthetic.light import Light
from pipeline.synthetic.markers import Pattern, Sticker
from pipeline.synthetic.people import Dressed, Subject
from pipeline.synthetic.render import Layer, mean_layer, paint_disc, paint_hull, paint_pattern, paint_strip

# outline of the forefoot (x towards the little toe, height, z), metres: first the sole, then the upper
_OUTLINE = np.array(
    [
        (0.038, 0.002, 0.00), (0.050, 0.002, 0.10), (0.046, 0.003, 0.165), (-0.040, 0.003, 0.19), (-0.044, 0.002, 0.13),
        (-0.034, 0.002, 0.00), (0.042, 0.024, 0.04), (0.050, 0.020, 0.12), (0.044, 0.016, 0.165), (-0.036, 0.018, 0.19),
        (-0.040, 0.034, 0.12), (-0.036, 0.044, 0.05), (0.0, 0.070, 0.03),
    ]
)  # fmt: skip
_SOLE = 6
_CIRCLE = np.stack([f(np.arange(12) * np.pi / 6) for f in (np.cos, np.sin)], axis=1)


# a person does not click on a marker that is smeared over more than this many of its diameters
_SMEAR = 2.0
_BALL = 0.2  # cosine from which on most of a ball is in view
FACING = 0.3
"""Cosine of the turn away from the camera up to which a person sees a marker well enough to click on it."""

SPOTS = 9
"""Spots of a marker that are looked at to decide whether it is hidden: its centre and eight around it."""
_AROUND = 0.7 * np.stack([f(np.arange(SPOTS - 1) * np.pi / 4) for f in (np.cos, np.sin)], axis=1)


@dataclass(frozen=True)
class Disc:
    """A sticker in the image.

    Attributes:
        points: Its centre and the ends of two perpendicular radii (3, 2), pixels.
        colour: 8-bit values.
        facing: Cosine of the angle between its normal and the direction to the camera; 1 for a ball in view.
        pattern: What is printed on it; `None` for one colour.
    """

    points: Float[np.ndarray, "3 2"]
    colour: Float[np.ndarray, "3"]
    facing: float
    pattern: Pattern | None

    @property
    def spots(self) -> Float[np.ndarray, "S 2"]:
        """Its centre and points around it that are still on it, pixels."""
        centre, *ends = self.points
        return centre + np.concatenate([np.zeros((1, 2)), _AROUND @ (np.stack(ends) - centre)])


@dataclass(frozen=True)
class Shape:
    """A leg projected into the image at one instant, ready to be painted.

    Attributes:
        edges: Left and right edge of the leg (2, N, 2), pixels.
        outline: Outline of the forefoot (n, 2), pixels: first the sole, then the upper.
        cloth: Left and right edge of the trousers (2, M, 2), pixels; `None` without trousers.
        discs: Shank, ankle and heel marker (`None` for a missing one), then the discs that are not markers.
    """

    edges: Float[np.ndarray, "2 N 2"]
    outline: Float[np.ndarray, "n 2"]
    cloth: Float[np.ndarray, "2 M 2"] | None
    discs: tuple[Disc | None, ...]

    def towards(self, other: "Shape", share: float) -> "Shape":
        """Interpolate linearly to another instant. The exposure is short enough for straight paths."""

        def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return (1 - share) * a + share * b

        cloth = None if self.cloth is None or other.cloth is None else between(self.cloth, other.cloth)
        discs = tuple(
            a
            if a is None or b is None
            else Disc(between(a.points, b.points), a.colour, min(a.facing, b.facing), a.pattern)
            for a, b in zip(self.discs, other.discs, strict=True)
        )
        return Shape(between(self.edges, other.edges), between(self.outline, other.outline), cloth, discs)


@dataclass(frozen=True)
class Skin:
    """A leg's strip in the world at one instant, metres.

    Attributes:
        centre: Centre of each section.
        right: Unit vector to the patient's right at each section.
        forward: Unit vector forward at each section.
        outline: Outline of the forefoot.
    """

    centre: Float[np.ndarray, "N 3"]
    right: Float[np.ndarray, "N 3"]
    forward: Float[np.ndarray, "N 3"]
    outline: Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class DrawnLeg:
    """A drawn leg: its layer, and the spots of its markers averaged over the exposure, NaN where not visible."""

    layer: Layer
    spots: Float[np.ndarray, "3 S 2"]


def skin_of(leg: Leg, pose: LegPose) -> Skin:
    """Return the leg's strip and forefoot in the world."""
    outline = (_OUTLINE * [leg.side, 1, 1] * leg.scale) @ pose.rotations[2].T + pose.offsets[2]
    return Skin(*skin(leg, pose), outline)


def draw_leg(
    image: Float[np.ndarray, "H W 3"], subject: Subject, camera: Camera, k: int, ends: tuple[Skin, Skin], time_s: float
) -> DrawnLeg:
    """Draw leg k on a copy of its part of the image, moving from the first skin to the second during the exposure."""
    dressed, hem = subject.legs[k], hem_at(subject, k, time_s)
    start, end = (_shape(subject, camera, dressed, skinned, hem) for skinned in ends)
    moved = float(np.linalg.norm(end.edges - start.edges, axis=2)[:, 20:].max())
    count = int(np.clip(np.ceil(moved / 2.0), 1, 7))
    near = camera.focal / max(float(ends[0].outline[:, 2].mean() - camera.position[2]), 0.3)  # pixels per metre
    parts = [
        part.reshape(-1, 2)
        for shape in (start, end)
        for part in (shape.edges, shape.outline, shape.cloth)
        if part is not None
    ]
    clear = Layer.of(image, np.concatenate(parts), 3 + 0.01 * near)
    shade = _tilt_shade(subject, dressed, ends[0])
    layers = []
    for instant in (np.arange(count) + 0.5) / count:
        layer = clear.copy()
        _paint(layer, dressed, start.towards(end, float(instant)), shade, 0.009 * near, hem)
        layers.append(layer)
    spots = np.full((3, SPOTS, 2), np.nan)
    for m, (marker, a, b) in enumerate(zip(dressed.markers, start.discs[:3], end.discs[:3], strict=True)):
        if marker is None or a is None or b is None or marker.t <= hem or min(a.facing, b.facing) < FACING:
            continue
        radius = np.linalg.norm(a.points[1:] - a.points[0], axis=1).max()
        if np.linalg.norm(b.points[0] - a.points[0]) <= 2 * radius * _SMEAR:
            spots[m] = (a.spots + b.spots) / 2
    return DrawnLeg(mean_layer(layers), spots)


def hem_at(subject: Subject, k: int, time_s: float) -> float:
    """Return the position along the strip where the trousers end, 0 without trousers. The hem swings with the step."""
    dressed = subject.legs[k]
    if dressed.hem == 0:
        return 0.0
    phase = phase_of(subject.gait, dressed.leg.side, time_s)
    return dressed.hem + 0.4 * dressed.loose * float(np.sin(2 * np.pi * phase))


def _shape(subject: Subject, camera: Camera, dressed: Dressed, now: Skin, hem: float) -> Shape:
    """Project a leg into the image."""
    stickers = (*dressed.markers, *dressed.lookalikes)
    discs = tuple(None if s is None else _disc(subject, camera, dressed.leg, now, s) for s in stickers)
    cloth = _cloth(dressed, camera, now, hem) if hem > 0 else None
    return Shape(_edges(camera, now, dressed.leg.half_width), camera.project(now.outline), cloth, discs)


def _edges(camera: Camera, now: Skin, half_width: Float[np.ndarray, "N"]) -> Float[np.ndarray, "2 N 2"]:
    """Return a strip's left and right edge in pixels; a leg is about as deep as wide, so they lie further ahead."""
    axis = now.centre + 0.6 * half_width[:, None] * now.forward
    across = half_width[:, None] * now.right
    return camera.project(np.stack([axis - across, axis + across]))


def _paint(layer: Layer, dressed: Dressed, shape: Shape, shade: Float[np.ndarray, "N"], toe: float, hem: float) -> None:
    """Paint forefoot (rounded by `toe` pixels), leg, stickers and trousers."""
    rounded = (shape.outline[_SOLE:, None] + toe * _CIRCLE).reshape(-1, 2)
    paint_hull(layer, np.concatenate([shape.outline[:_SOLE], rounded]), dressed.foot, below=0.6)
    paint_hull(layer, shape.outline[:_SOLE], dressed.sole)
    paint_strip(layer, shape.edges, dressed.leg.t, shade, dressed.texture)
    for disc in shape.discs[::-1]:
        if disc is not None and disc.facing > 0.05:
            axes = (disc.points[1:] - disc.points[0]).T
            if disc.pattern is None:
                paint_disc(layer, disc.points[0], axes, disc.colour, rim=0.12)
            else:
                paint_pattern(layer, disc.points[0], axes, disc.pattern.colour * disc.colour, disc.pattern.cover)
    if shape.cloth is not None:
        t = np.linspace(0, 1, shape.cloth.shape[1])
        paint_strip(layer, shape.cloth, t, np.ones_like(t), dressed.cloth)


def _tilt_shade(subject: Subject, dressed: Dressed, now: Skin) -> Float[np.ndarray, "N"]:
    """Return each section's brightness relative to the neutral pose, due to its tilt, as a factor of 8-bit values."""
    ratio = _lit(subject.light, now.centre, now.right) / _lit(
        subject.light, dressed.leg.centre, np.array([[1.0, 0, 0]])
    )
    return np.clip(cv2.blur(ratio[:, None], (1, 9))[:, 0], 0.3, 2.0) ** (1 / 2.2)


def _lit(light: Light, centre: Float[np.ndarray, "N 3"], right: Float[np.ndarray, "_ 3"]) -> Float[np.ndarray, "N"]:
    """Return the light that falls on the midline of a strip."""
    normal = -_cross(np.gradient(centre, axis=0), right)
    normal /= np.sqrt((normal * normal).sum(axis=1, keepdims=True)) + 1e-9
    return light.ambient + light.diffuse * np.maximum(normal @ light.direction, 0)


def _cross(a: Float[np.ndarray, "*n 3"], b: Float[np.ndarray, "*m 3"]) -> Float[np.ndarray, "*k 3"]:
    """Return the cross product. `np.cross` takes ten times as long for a few vectors."""
    ax, ay, az, bx, by, bz = (v[..., c] for v in (a, b) for c in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _unit(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    return vector / np.sqrt(vector @ vector)


def _disc(subject: Subject, camera: Camera, leg: Leg, now: Skin, sticker: Sticker) -> Disc:
    """Project a sticker on the skin into the image."""
    at = int(np.clip(np.searchsorted(leg.t, sticker.t), 3, len(leg.t) - 3))
    share = (sticker.t - leg.t[at - 1]) / (leg.t[at] - leg.t[at - 1] + 1e-12)
    centre, right = (values[at - 1] * (1 - share) + values[at] * share for values in (now.centre, now.right))
    along = _unit(now.centre[at + 2] - now.centre[at - 3])
    right = _unit(right - along * (right @ along))
    back = -_cross(along, right)
    half = float(np.interp(sticker.t, leg.t, leg.half_width)) * 0.95
    normal = np.cos(sticker.turn) * back + np.sin(sticker.turn) * right
    tangent = np.cos(sticker.turn) * right - np.sin(sticker.turn) * back
    spot = centre + half * (normal - back)
    if sticker.ball:
        spot = spot + 0.8 * sticker.radius * normal
        ends = camera.axes[:2] * sticker.radius
    else:
        ends = np.stack([tangent, along]) * sticker.radius
    points = camera.project(np.concatenate([spot[None], spot + ends]))
    view, light = _unit(camera.position - spot), subject.light
    lambert = max(float(normal @ light.direction), 0.0)
    shine = sticker.gloss * max(float(normal @ _unit(light.direction + view)), 0.0) ** 30
    colour = light.shade(sticker.albedo * (light.ambient + light.diffuse * lambert) + shine * light.diffuse)
    facing = float(normal @ view)
    return Disc(points, colour, 1.0 if sticker.ball and facing > _BALL else facing, sticker.pattern)


def marker_discs(subject: Subject, dressed: Dressed, now: Skin) -> tuple[Disc | None, Disc | None, Disc | None]:
    """Project a leg's shank, ankle and heel marker into the image of the camera at rest; `None` for a missing one."""
    camera, leg = subject.camera, dressed.leg
    shank, ankle, heel = (None if m is None else _disc(subject, camera, leg, now, m) for m in dressed.markers)
    return shank, ankle, heel


def _cloth(dressed: Dressed, camera: Camera, now: Skin, hem: float) -> Float[np.ndarray, "2 M 2"]:
    """Return the edges of the trouser leg in pixels, down to `hem` along the strip."""
    t = np.linspace(0, hem, 40)

    def at(values: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "M 3"]:
        return np.stack([np.interp(t, dressed.leg.t, values[:, c]) for c in range(3)], axis=1)

    forward = at(now.forward)
    cloth = Skin(at(now.centre) - dressed.loose * forward, at(now.right), forward, now.outline)
    width = np.maximum(np.interp(t, dressed.leg.t, dressed.leg.half_width), 0.05) + dressed.loose
    return _edges(camera, cloth, width)
