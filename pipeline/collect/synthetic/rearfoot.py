"""Rear-view walking: people, their walk, their markers, and the frames and labels of one video each."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from pipeline.collect.settings import SyntheticSource
from pipeline.collect.synthetic.anatomy import Leg, draw_body, make_leg
from pipeline.collect.synthetic.appearance import LIGHTS, TONES, Light, bake, bake_cloth, draw_light, linear
from pipeline.collect.synthetic.camera import Camera, frame_points
from pipeline.collect.synthetic.gait import Gait, Pose, draw_stand, draw_walk, phase_of, poses, skin
from pipeline.collect.synthetic.render import Layer, mean_layer, paint_disc, paint_hull, paint_strip
from pipeline.collect.synthetic.scenery import SCENES, Belt, paint_scene

KEYPOINTS = ("left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel")
VIEWS = ("walk", "treadmill", "walk", "stand", "walk", "walk", "treadmill", "walk", "walk", "stand")
_OUTLINE = np.array(  # of the forefoot from above (x towards the little toe, height, z), metres
    [
        (0.040, 0.004, 0.03), (0.043, 0.022, 0.05), (0.052, 0.006, 0.11), (0.050, 0.022, 0.12), (0.048, 0.016, 0.165),
        (-0.036, 0.004, 0.03), (-0.036, 0.040, 0.05), (-0.044, 0.006, 0.13), (-0.042, 0.028, 0.15), (0.0, 0.02, 0.20),
        (0.0, 0.075, 0.03),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Sticker:
    """A disc on the skin: a marker, or something that looks like one.

    Attributes:
        t: Position along the strip.
        turn: Angle around the leg from the midline, radians.
        radius: Metres.
        albedo: Linear colour.
        gloss: Strength of its highlight.
    """

    t: float
    turn: float
    radius: float
    albedo: Float[np.ndarray, "3"]
    gloss: float


@dataclass(frozen=True)
class Dressed:
    """One leg with everything on it.

    Attributes:
        leg: The leg.
        texture: Skin and shoe, light baked in.
        markers: Shank, ankle and heel; None for one that was not put on or has fallen off.
        others: Discs that are no markers.
        hem: Where along the strip the trousers end; 0 for none.
        loose: How far the cloth stands off, metres.
        cloth: Texture of the trousers.
        foot: Colour of the forefoot, 8-bit values.
    """

    leg: Leg
    texture: Float[np.ndarray, "H W 3"]
    markers: tuple[Sticker | None, Sticker | None, Sticker | None]
    others: tuple[Sticker, ...]
    hem: float
    loose: float
    cloth: Float[np.ndarray, "H W 3"]
    foot: Float[np.ndarray, "3"]


@dataclass(frozen=True)
class Subject:
    """One person, filmed once.

    Attributes:
        name: `subject_0007`.
        slices: Values of the evaluation slices.
        fps: Frames per second.
        frames: Frames in the video.
        shutter: Share of the frame interval that the shutter is open.
        quality: Constant rate factor of the encoder.
        lens: Deviation of the lens's blur, pixels.
        shown: Which legs are in the picture, left and right.
    """

    name: str
    slices: dict[str, str]
    light: Light
    camera: Camera
    gait: Gait
    legs: tuple[Dressed, Dressed]
    background: Float[np.ndarray, "H W 3"]
    fps: int
    frames: int
    shutter: float
    quality: int
    lens: float
    shown: tuple[bool, bool]
    noise: Float[np.ndarray, "h w 3"] = field(repr=False)


def _dealt(options: tuple[str, ...], index: int, seed: int, deck: int) -> str:
    """The option of subject `index` when a shuffled deck of all options is dealt again and again.

    Spreads the options evenly without depending on how many subjects there are.
    """
    order = np.random.default_rng([seed, deck, index // len(options)]).permutation(len(options))
    return options[order[index % len(options)]]


def make_subject(settings: SyntheticSource, index: int) -> Subject:
    """Subject `index` of a source; depends on the seed, the index and the image size alone."""
    rng = np.random.default_rng([settings.seed, index])
    view = _dealt(VIEWS, index, settings.seed, 1)
    tone = _dealt(tuple(TONES), index, settings.seed, 2)
    light = draw_light(_dealt(LIGHTS, index, settings.seed, 3), rng)
    standing = view == "stand"
    scene = "black" if standing and rng.uniform() < 0.8 else str(rng.choice(SCENES, p=[0.5, 0.25, 0.1, 0.15]))
    gait = draw_stand(rng) if standing else draw_walk(rng, view == "treadmill")
    shod = 0.0 if standing or rng.uniform() < 0.55 else rng.uniform(0.003, 0.009)
    fps = int(rng.choice([25, 30, 30, 50, 60], p=[0.3, 0.3, 0.2, 0.12, 0.08]))
    seconds = rng.uniform(2.0, 2.5)
    legs = _dress(rng, light, linear(TONES[tone]), shod, standing)
    shown = (True, True)
    if standing and rng.uniform() < 0.5:
        shown = (True, False) if rng.uniform() < 0.5 else (False, True)
    camera = _place_camera(rng, gait, (settings.width, settings.height), seconds, shown)
    belt = None
    if view == "treadmill":
        belt = Belt(rng.uniform(0.2, 0.3), gait.start - rng.uniform(0.3, 0.7), gait.start + 1.2)
    height, width = settings.height, settings.width
    return Subject(
        name=f"subject_{index:04d}",
        slices={
            "tone": tone,
            "lighting": light.name,
            "view": view,
            "footwear": "shoe" if shod else "bare",
            "background": scene,
        },
        light=light,
        camera=camera,
        gait=gait,
        legs=legs,
        background=paint_scene(camera, scene, belt, light, rng),
        fps=fps,
        frames=round(seconds * fps),
        shutter=rng.uniform(0.05, 0.6) if light.name != "dim" else rng.uniform(0.4, 0.9),
        quality=int(rng.integers(17, 29)),
        lens=rng.uniform(0.45, 1.1) * settings.height / 480,
        shown=shown,
        noise=light.noise * rng.standard_normal((height + 64, width + 64, 3)).astype(np.float32),
    )


def _dress(
    rng: np.random.Generator, light: Light, tone: Float[np.ndarray, "3"], shod: float, standing: bool
) -> tuple[Dressed, Dressed]:
    """Both legs of a person with skin, shoes, trousers and markers."""
    body = draw_body(rng)
    collar = rng.uniform(0.062, 0.074) if shod else 0.0
    white = np.array([0.9, 0.9, 0.88]) * rng.uniform(0.75, 1.05)
    tint = white if standing or rng.uniform() < 0.75 else linear(tuple(rng.uniform(60, 250, 3)))
    gloss = rng.uniform(0, 0.5)
    # trousers or shorts: most end above the knee or are rolled up, some hang into the shank marker
    hem = (
        0.0
        if standing
        else float(rng.choice([0.0, rng.uniform(0.45, 0.6), rng.uniform(0.25, 0.42)], p=[0.5, 0.3, 0.2]))
    )
    loose = rng.uniform(0.006, 0.03)
    cloth = bake_cloth(light, rng)
    forefoot = tone if not shod else linear(tuple(rng.uniform(20, 240, 3)))
    foot = 255 * np.clip(forefoot * light.colour * (light.ambient + 0.35 * light.diffuse), 0, 1) ** (1 / 2.2)
    dressed = []
    for side in (-1, 1):
        leg = make_leg(body, side, shod, rng)
        markers: list[Sticker | None] = [
            Sticker(float(t), float(turn), leg.marker_radius, tint * rng.uniform(0.93, 1.0), gloss)
            for t, turn in zip(leg.marker_t, leg.marker_turn, strict=True)
        ]
        if standing and rng.uniform() < 0.7:
            markers[0] = None  # the usual two-sticker photograph of standing patients
        if rng.uniform() < 0.06:
            markers[rng.integers(3)] = None
        dressed.append(
            Dressed(
                leg=leg,
                texture=bake(leg, tone, light, collar, rng),
                markers=(markers[0], markers[1], markers[2]),
                others=_lookalikes(rng, leg),
                hem=leg.t_at(hem) if hem else 0.0,
                loose=loose,
                cloth=cloth,
                foot=foot,
            )
        )
    return dressed[0], dressed[1]


def _lookalikes(rng: np.random.Generator, leg: Leg) -> tuple[Sticker, ...]:
    """Stickers of another system at the side of the leg, plasters, scars; never on the midline."""
    found = []
    for _ in range(rng.choice([0, 1, 2], p=[0.6, 0.3, 0.1])):
        height, turn = rng.uniform(0.07, 0.42), rng.choice([-1, 1]) * rng.uniform(0.7, 1.2)
        albedo = np.full(3, 0.85) if rng.uniform() < 0.5 else linear(tuple(rng.uniform(40, 240, 3)))
        found.append(Sticker(leg.t_at(height), turn, leg.marker_radius * rng.uniform(0.6, 1.4), albedo, 0.2))
    return tuple(found)


def _place_camera(
    rng: np.random.Generator, gait: Gait, size: tuple[int, int], seconds: float, shown: tuple[bool, bool]
) -> Camera:
    """A camera behind the person, zoomed so that the lower legs fill much of the frame over the whole walk."""
    end = gait.start + gait.speed * seconds
    middle = gait.start + 0.35 * (end - gait.start)
    high = rng.uniform(0.12, 0.6)
    side = 0.0 if all(shown) else (-1 if shown[0] else 1) * gait.step_width / 2
    aim = np.array([side + rng.normal(0, 0.015), rng.uniform(0.12, 0.17), middle])
    position = np.array([side + rng.normal(0, 0.12), high, 0.0])
    across = gait.step_width / 2 + 0.055 if all(shown) else 0.06
    must = [(side + sx * across, y, z) for sx in (-1, 1) for y in (0.0, 0.27) for z in (gait.start - 0.1, end - 0.1)]
    return frame_points(position, aim, rng.normal(0, 0.02), size, np.array(must), rng.uniform(0.8, 0.97))


@dataclass
class _Seen:
    """What one instant shows of a leg: its layer, and for each marker its centre and whether it can be seen."""

    layer: Layer
    centres: Float[np.ndarray, "3 2"]
    visible: Float[np.ndarray, "3"]


def render(subject: Subject) -> Iterator[tuple[UInt8[np.ndarray, "H W 3"], Float[np.ndarray, "6 2"]]]:
    """Frames of a subject's video (RGB), each with its six marker centres in pixels, NaN where one cannot be seen."""
    rng = np.random.default_rng(int(subject.noise[0, 0, 0] * 1e6) & 0xFFFF)
    height, width = subject.background.shape[:2]
    for number in range(subject.frames):
        image = subject.background.copy()
        xy = _draw_legs(subject, number / subject.fps, image)
        dy, dx = rng.integers(0, 64, 2)
        image += subject.noise[dy : dy + height, dx : dx + width]
        yield np.clip(np.rint(image), 0, 255).astype(np.uint8), xy


def _draw_legs(subject: Subject, time_s: float, image: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "6 2"]:
    """Draw both legs into the image as the shutter sees them; marker centres (6, 2)."""
    open_s = subject.shutter / subject.fps
    bare = (subject.legs[0].leg, subject.legs[1].leg)
    ends = [poses(subject.gait, bare, time_s + s * open_s) for s in (-0.5, 0.5)]
    xy = np.full((2, 3, 2), np.nan)
    hidden = np.zeros((2, 3))
    order = np.array(sorted((0, 1), key=lambda k: -_depth(bare[k], ends[0][k])))
    for k in order:
        if not subject.shown[k]:
            continue
        moved = _movement(subject, k, ends[0][k], ends[1][k])
        count = int(np.clip(np.ceil(moved / 2.0), 1, 4))
        instants = time_s + open_s * ((np.arange(count) + 0.5) / count - 0.5)
        posed = [poses(subject.gait, bare, t)[k] for t in instants]
        _shadow(subject, posed[0], bare[k], image)
        layer, centres, visible = _draw_leg(subject, k, posed, float(time_s))
        others = 1 - k
        hidden[others] = np.maximum(hidden[others], layer.cover_at(np.nan_to_num(xy[others], nan=-1e6)))
        layer.onto(image)
        xy[k] = np.where((visible > 0.5)[:, None], centres, np.nan)
    xy[hidden > 0.5] = np.nan
    return _inside(xy.reshape(6, 2), image.shape[1], image.shape[0])


def _depth(leg: Leg, pose: Pose) -> float:
    """How far away the ankle is."""
    ankle = np.array([0.0, 0.085 * leg.scale, 0.0])
    return float((pose.rotations[1] @ ankle + pose.offsets[1])[2])


def _inside(xy: Float[np.ndarray, "6 2"], width: int, height: int) -> Float[np.ndarray, "6 2"]:
    """The points with those outside the image set to NaN."""
    inside = (xy >= 0).all(axis=1) & (xy[:, 0] <= width - 1) & (xy[:, 1] <= height - 1)
    return np.where(inside[:, None], xy, np.nan)


def _movement(subject: Subject, k: int, start: Pose, end: Pose) -> float:
    """Largest movement of a leg's skin while the shutter is open, pixels."""
    leg = subject.legs[k].leg
    ends = [subject.camera.project(skin(leg, pose)[0][20:]) for pose in (start, end)]
    return float(np.linalg.norm(ends[1] - ends[0], axis=1).max())


def _edges(
    camera: Camera,
    centre: Float[np.ndarray, "N 3"],
    right: Float[np.ndarray, "N 3"],
    forward: Float[np.ndarray, "N 3"],
    half_width: Float[np.ndarray, "N"],
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N 2"]]:
    """Left and right edge of a strip in the image; a leg is about as deep as wide, so its edges lie further ahead."""
    axis = centre + 0.6 * half_width[:, None] * forward
    across = half_width[:, None] * right
    return camera.project(axis - across), camera.project(axis + across)


def _draw_leg(
    subject: Subject, k: int, posed: list[Pose], time_s: float
) -> tuple[Layer, Float[np.ndarray, "3 2"], Float[np.ndarray, "3"]]:
    """One leg averaged over the instants of an exposure: layer, mean marker centres, share of instants seen."""
    dressed, camera = subject.legs[k], subject.camera
    skins = [skin(dressed.leg, pose) for pose in posed]
    widths = dressed.leg.half_width
    edges = [_edges(camera, *one, widths) for one in skins]
    margin = 3 + dressed.loose * 1.2 * camera.focal / max(subject.gait.start - 0.3, 0.5) * (dressed.hem > 0)
    hulls = [camera.project(_forefoot(dressed.leg, pose)) for pose in posed]
    every = np.concatenate([part for pair in edges for part in pair] + hulls)
    low, high = np.floor(every.min(axis=0) - margin), np.ceil(every.max(axis=0) + margin)
    x0, y0 = np.maximum(low, 0).astype(int)
    x1, y1 = np.minimum(high, [camera.width, camera.height]).astype(int)
    box = (min(x0, camera.width - 1), min(y0, camera.height - 1), x1, y1)
    layers, centres, visible = [], np.zeros((3, 2)), np.zeros(3)
    for one, edge, hull in zip(skins, edges, hulls, strict=True):
        layer = Layer.empty(box)
        paint_hull(layer, hull, dressed.foot)
        paint_strip(layer, *edge, dressed.leg.t, _tilt_shade(subject, dressed, one), dressed.texture)
        for other in dressed.others:
            _stick(layer, subject, dressed.leg, one, other)
        for m, sticker in enumerate(dressed.markers):
            if sticker is not None:
                centre, facing = _stick(layer, subject, dressed.leg, one, sticker)
                centres[m] += centre / len(skins)
                visible[m] += (facing > 0.2) * (sticker.t > _hem_at(subject, k, time_s)) / len(skins)
        _trousers(layer, subject, k, one, time_s)
        layers.append(layer)
    return mean_layer(layers, subject.lens), centres, visible


def _forefoot(leg: Leg, pose: Pose) -> Float[np.ndarray, "n 3"]:
    """Outline of the forefoot in the world."""
    return (_OUTLINE * [leg.side, 1, 1] * leg.scale) @ pose.rotations[2].T + pose.offsets[2]


def _tilt_shade(
    subject: Subject, dressed: Dressed, skinned: tuple[Float[np.ndarray, "N 3"], ...]
) -> Float[np.ndarray, "N"]:
    """How much brighter each section gets by its tilt than in the neutral pose, for 8-bit values."""
    light = subject.light

    def lit(centre: Float[np.ndarray, "N 3"], right: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "N"]:
        normal = -np.cross(np.gradient(centre, axis=0), right)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
        return light.ambient + light.diffuse * np.maximum(normal @ light.direction, 0)

    neutral = lit(dressed.leg.centre, np.tile([1.0, 0, 0], (len(dressed.leg.t), 1)))
    ratio = lit(skinned[0], skinned[1]) / neutral
    return np.clip(cv2.blur(ratio[:, None], (1, 9))[:, 0], 0.3, 2.0) ** (1 / 2.2)


def _stick(
    layer: Layer, subject: Subject, leg: Leg, skinned: tuple[Float[np.ndarray, "N 3"], ...], sticker: Sticker
) -> tuple[Float[np.ndarray, "2"], float]:
    """Draw a sticker on the skin; its centre in the image, and the cosine between its normal and the view."""
    at = int(np.clip(np.searchsorted(leg.t, sticker.t), 1, len(leg.t) - 1))
    share = (sticker.t - leg.t[at - 1]) / (leg.t[at] - leg.t[at - 1] + 1e-12)
    centre, right = (one[at - 1] * (1 - share) + one[at] * share for one in skinned[:2])
    along = skinned[0][min(at + 2, len(leg.t) - 1)] - skinned[0][max(at - 3, 0)]
    along /= np.linalg.norm(along)
    right = right - along * (right @ along)
    right /= np.linalg.norm(right)
    back = -np.cross(along, right)
    half = float(np.interp(sticker.t, leg.t, leg.half_width)) * 0.95
    normal = np.cos(sticker.turn) * back + np.sin(sticker.turn) * right
    tangent = np.cos(sticker.turn) * right - np.sin(sticker.turn) * back
    spot = centre + half * (normal - back) * np.array([1, 1, 1])
    camera, light = subject.camera, subject.light
    image = camera.project(np.stack([spot, spot + sticker.radius * tangent, spot + sticker.radius * along]))
    view = camera.position - spot
    facing = float(normal @ view / np.linalg.norm(view))
    if facing <= 0.05:
        return image[0], facing
    lambert = max(float(normal @ light.direction), 0.0)
    half_way = light.direction + view / np.linalg.norm(view)
    shine = sticker.gloss * max(float(normal @ half_way / np.linalg.norm(half_way)), 0.0) ** 30 * light.diffuse
    colour = 255 * np.clip(
        (sticker.albedo * (light.ambient + light.diffuse * lambert) + shine) * light.colour, 0, 1
    ) ** (1 / 2.2)
    paint_disc(layer, image[0], (image[1:] - image[0]).T, colour, rim=0.12)
    return image[0], facing


def _hem_at(subject: Subject, k: int, time_s: float) -> float:
    """Where along the strip the trousers end now: a hem swings with the step."""
    dressed = subject.legs[k]
    if dressed.hem == 0:
        return 0.0
    phase = phase_of(subject.gait, dressed.leg.side, time_s)
    return dressed.hem + 0.4 * dressed.loose * float(np.sin(2 * np.pi * phase))


def _trousers(
    layer: Layer, subject: Subject, k: int, skinned: tuple[Float[np.ndarray, "N 3"], ...], time_s: float
) -> None:
    """Draw the trouser leg over the skin."""
    dressed = subject.legs[k]
    hem = _hem_at(subject, k, time_s)
    if hem == 0:
        return
    t = np.linspace(0, hem, 40)
    centre, right, forward = (
        np.stack([np.interp(t, dressed.leg.t, one[:, c]) for c in range(3)], 1) for one in skinned
    )
    width = np.maximum(np.interp(t, dressed.leg.t, dressed.leg.half_width), 0.05) + dressed.loose
    left_edge, right_edge = _edges(subject.camera, centre - dressed.loose * forward, right, forward, width)
    paint_strip(layer, left_edge, right_edge, t / hem, np.ones_like(t), dressed.cloth)


def _shadow(subject: Subject, pose: Pose, leg: Leg, image: Float[np.ndarray, "H W 3"]) -> None:
    """Darken the floor around the foot where it is near."""
    under = np.array([0.0, 0.0, 0.05]) @ pose.rotations[2].T + pose.offsets[2]
    gap = max(float(under[1]), 0.0)
    ground = np.array([under[0], 0.0, under[2]])
    at, side, ahead = subject.camera.project(
        np.stack([ground, ground + np.array([0.08 + gap, 0, 0]), ground + np.array([0, 0, 0.16 + gap])])
    )
    rx, ry = abs(side[0] - at[0]) + 1, abs(ahead[1] - at[1]) + 3
    y0, y1 = int(max(at[1] - 2 * ry, 0)), int(min(at[1] + 2 * ry, image.shape[0]))
    x0, x1 = int(max(at[0] - 2 * rx, 0)), int(min(at[0] + 2 * rx, image.shape[1]))
    if y1 <= y0 or x1 <= x0:
        return
    dx, dy = (np.arange(x0, x1) - at[0])[None] / rx, (np.arange(y0, y1) - at[1])[:, None] / ry
    strength = 0.55 * np.exp(-gap / 0.06)
    image[y0:y1, x0:x1] *= (1 - strength * np.exp(-(dx * dx + dy * dy) * 1.5)).astype(np.float32)[..., None]
