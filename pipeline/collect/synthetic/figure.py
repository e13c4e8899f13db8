"""Draw one leg of a subject as the shutter sees it, and say where its markers are."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from pipeline.collect.synthetic.anatomy import Leg
from pipeline.collect.synthetic.camera import Camera
from pipeline.collect.synthetic.gait import Pose, phase_of, skin
from pipeline.collect.synthetic.people import Dressed, Sticker, Subject
from pipeline.collect.synthetic.render import Layer, mean_layer, paint_disc, paint_hull, paint_strip

_OUTLINE = np.array(  # of the forefoot (x towards the little toe, height, z), metres: first the sole, then the upper
    [
        (0.038, 0.002, 0.00), (0.050, 0.002, 0.10), (0.046, 0.003, 0.165), (-0.040, 0.003, 0.19), (-0.044, 0.002, 0.13),
        (-0.034, 0.002, 0.00), (0.042, 0.024, 0.04), (0.050, 0.020, 0.12), (0.044, 0.016, 0.165), (-0.036, 0.018, 0.19),
        (-0.040, 0.034, 0.12), (-0.036, 0.044, 0.05), (0.0, 0.070, 0.03),
    ]
)  # fmt: skip
_SOLE = 6
_CIRCLE = np.stack([f(np.arange(12) * np.pi / 6) for f in (np.cos, np.sin)], axis=1)


@dataclass(frozen=True)
class Skin:
    """A leg's strip in the world at one instant: section centres, directions to the right and forward (N, 3)."""

    centre: Float[np.ndarray, "N 3"]
    right: Float[np.ndarray, "N 3"]
    forward: Float[np.ndarray, "N 3"]
    outline: Float[np.ndarray, "n 3"]

    def towards(self, other: "Skin", share: float) -> "Skin":
        """The strip on the way to another instant; a shutter is open for so short that a straight way will do."""
        parts = ("centre", "right", "forward", "outline")
        return Skin(*((1 - share) * getattr(self, part) + share * getattr(other, part) for part in parts))


@dataclass(frozen=True)
class Seen:
    """A drawn leg: its layer, its marker centres averaged over the exposure (3, 2), share of it each was visible."""

    layer: Layer
    centres: Float[np.ndarray, "3 2"]
    visible: Float[np.ndarray, "3"]


def skin_of(leg: Leg, pose: Pose) -> Skin:
    """The leg's strip and forefoot in the world."""
    outline = (_OUTLINE * [leg.side, 1, 1] * leg.scale) @ pose.rotations[2].T + pose.offsets[2]
    return Skin(*skin(leg, pose), outline)


def draw_leg(
    image: Float[np.ndarray, "H W 3"], subject: Subject, camera: Camera, k: int, ends: tuple[Skin, Skin], time_s: float
) -> Seen:
    """Draw leg k, moving from one skin to the other while the shutter is open, on a copy of its part of the image."""
    dressed = subject.legs[k]
    paths = [np.concatenate([*_edges(camera, s, dressed.leg.half_width), camera.project(s.outline)]) for s in ends]
    moved = float(np.linalg.norm(paths[1] - paths[0], axis=1)[20:].max())
    count = int(np.clip(np.ceil(moved / 2.0), 1, 8))
    margin = 3 + (2 * dressed.loose * camera.focal / max(subject.gait.start, 1.0) if dressed.hem else 0.0)
    clear = Layer.of(image, np.concatenate(paths), margin + 0.01 * camera.focal / max(subject.gait.start, 1.0))
    hem = hem_at(subject, k, time_s)
    layers, centres, visible = [], np.zeros((3, 2)), np.zeros(3)
    for instant in (np.arange(count) + 0.5) / count:
        layer, now = clear.again(), ends[0].towards(ends[1], float(instant))
        _draw_skin(layer, subject, dressed, camera, now)
        for m, marker in enumerate(dressed.markers):
            if marker is not None:
                centre, facing = _stick(layer, subject, camera, dressed.leg, now, marker)
                centres[m] += centre / count
                visible[m] += (facing > 0.2 and marker.t > hem) / count
        if hem > 0:
            _trousers(layer, dressed, camera, now, hem)
        layers.append(layer)
    return Seen(mean_layer(layers), centres, visible)


def hem_at(subject: Subject, k: int, time_s: float) -> float:
    """Where along the strip the trousers end now, 0 for none: a hem swings with the step."""
    dressed = subject.legs[k]
    if dressed.hem == 0:
        return 0.0
    phase = phase_of(subject.gait, dressed.leg.side, time_s)
    return dressed.hem + 0.4 * dressed.loose * float(np.sin(2 * np.pi * phase))


def _edges(
    camera: Camera, now: Skin, half_width: Float[np.ndarray, "N"]
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N 2"]]:
    """Left and right edge of a strip in the image; a leg is about as deep as wide, so its edges lie further ahead."""
    axis = now.centre + 0.6 * half_width[:, None] * now.forward
    across = half_width[:, None] * now.right
    return camera.project(axis - across), camera.project(axis + across)


def _draw_skin(layer: Layer, subject: Subject, dressed: Dressed, camera: Camera, now: Skin) -> None:
    """Forefoot, leg, and the stickers that are no markers."""
    outline = camera.project(now.outline)
    toe = 0.009 * camera.focal / max(float(now.outline[:, 2].mean() - camera.position[2]), 0.3)
    rounded = (outline[_SOLE:, None] + toe * _CIRCLE).reshape(-1, 2)
    paint_hull(layer, np.concatenate([outline[:_SOLE], rounded]), dressed.foot, below=0.6)
    paint_hull(layer, outline[:_SOLE], dressed.sole)
    edges = _edges(camera, now, dressed.leg.half_width)
    paint_strip(layer, *edges, dressed.leg.t, _tilt_shade(subject, dressed, now), dressed.texture)
    for other in dressed.others:
        _stick(layer, subject, camera, dressed.leg, now, other)


def _tilt_shade(subject: Subject, dressed: Dressed, now: Skin) -> Float[np.ndarray, "N"]:
    """How much brighter each section gets by its tilt than in the neutral pose, for 8-bit values."""
    light = subject.light

    def lit(centre: Float[np.ndarray, "N 3"], right: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "N"]:
        normal = -_cross(np.gradient(centre, axis=0), right)
        normal /= np.sqrt((normal * normal).sum(axis=1, keepdims=True)) + 1e-9
        return light.ambient + light.diffuse * np.maximum(normal @ light.direction, 0)

    ratio = lit(now.centre, now.right) / lit(dressed.leg.centre, np.array([[1.0, 0, 0]]))
    return np.clip(cv2.blur(ratio[:, None], (1, 9))[:, 0], 0.3, 2.0) ** (1 / 2.2)


def _cross(a: Float[np.ndarray, "*n 3"], b: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Cross product; numpy's own spends ten times as long on few vectors."""
    ax, ay, az, bx, by, bz = (v[..., c] for v in (a, b) for c in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _unit(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    return vector / np.sqrt(vector @ vector)


def _stick(
    layer: Layer, subject: Subject, camera: Camera, leg: Leg, now: Skin, sticker: Sticker
) -> tuple[Float[np.ndarray, "2"], float]:
    """Draw a sticker on the skin; its centre in the image, and the cosine between its normal and the view."""
    at = int(np.clip(np.searchsorted(leg.t, sticker.t), 3, len(leg.t) - 3))
    share = (sticker.t - leg.t[at - 1]) / (leg.t[at] - leg.t[at - 1] + 1e-12)
    centre, right = (one[at - 1] * (1 - share) + one[at] * share for one in (now.centre, now.right))
    along = _unit(now.centre[at + 2] - now.centre[at - 3])
    right = _unit(right - along * (right @ along))
    back = -_cross(along, right)
    half = float(np.interp(sticker.t, leg.t, leg.half_width)) * 0.95
    normal = np.cos(sticker.turn) * back + np.sin(sticker.turn) * right
    tangent = np.cos(sticker.turn) * right - np.sin(sticker.turn) * back
    spot = centre + half * (normal - back)
    image = camera.project(np.stack([spot, spot + sticker.radius * tangent, spot + sticker.radius * along]))
    view = _unit(camera.position - spot)
    facing = float(normal @ view)
    if facing > 0.05:
        light = subject.light
        lambert = max(float(normal @ light.direction), 0.0)
        shine = sticker.gloss * max(float(normal @ _unit(light.direction + view)), 0.0) ** 30
        colour = light.shade(sticker.albedo * (light.ambient + light.diffuse * lambert) + shine * light.diffuse)
        paint_disc(layer, image[0], (image[1:] - image[0]).T, colour, rim=0.12)
    return image[0], facing


def _trousers(layer: Layer, dressed: Dressed, camera: Camera, now: Skin, hem: float) -> None:
    """Draw the trouser leg over the skin, down to `hem` along the strip."""
    t = np.linspace(0, hem, 40)

    def at(values: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "n 3"]:
        return np.stack([np.interp(t, dressed.leg.t, values[:, c]) for c in range(3)], axis=1)

    forward = at(now.forward)
    cloth = Skin(at(now.centre) - dressed.loose * forward, at(now.right), forward, now.outline)
    width = np.maximum(np.interp(t, dressed.leg.t, dressed.leg.half_width), 0.05) + dressed.loose
    paint_strip(layer, *_edges(camera, cloth, width), t / hem, np.ones_like(t), dressed.cloth)
