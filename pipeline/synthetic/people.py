"""Who walks, in what, under which light, and how the camera stands: everything that is drawn once per video."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.synthetic.anatomy import Leg, draw_body, make_leg
from pipeline.synthetic.appearance import TONES, Shoe, bake, bake_cloth, draw_shoe
from pipeline.synthetic.camera import Camera, frame_points
from pipeline.synthetic.gait import Gait, draw_stand, draw_walk
from pipeline.synthetic.light import LIGHTS, Light, draw_light, linear
from pipeline.synthetic.scenery import SCENES, Belt, paint_scene
from pipeline.synthetic.settings import SyntheticSource

# most people walk away from the camera; the two who stand are what photographs of standing patients look like
VIEWS = ("walk", "treadmill", "walk", "stand", "walk", "walk", "treadmill", "walk", "walk", "stand")


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
        foot: Colour of the forefoot's upper, 8-bit values.
        sole: Colour of its sole, 8-bit values.
    """

    leg: Leg
    texture: Float[np.ndarray, "H W 3"]
    markers: tuple[Sticker | None, Sticker | None, Sticker | None]
    others: tuple[Sticker, ...]
    hem: float
    loose: float
    cloth: Float[np.ndarray, "H W 3"]
    foot: Float[np.ndarray, "3"]
    sole: Float[np.ndarray, "3"]


@dataclass(frozen=True)
class Subject:
    """One person, filmed once.

    Attributes:
        name: `subject_0007`; also the video's name.
        slices: Values of the evaluation slices.
        light: The light.
        camera: The camera.
        gait: How the person walks or stands.
        legs: Left and right.
        shown: Which of them are in the picture.
        background: The view without the person, 8-bit values as float32.
        pole: Edges of something between camera and patient (2, 2, 2): left and right, top and bottom; or nothing.
        fps: Frames per second.
        frames: Frames in the video.
        shutter: Share of the frame interval that the shutter is open.
        shake: Deviation of a hand-held camera's direction in pixels; 0 on a tripod.
        quality: Constant rate factor of the encoder.
        lens: Deviation of the lens's blur, pixels.
        seed: Seed of what differs from frame to frame.
    """

    name: str
    slices: dict[str, str]
    light: Light
    camera: Camera
    gait: Gait
    legs: tuple[Dressed, Dressed]
    shown: tuple[bool, bool]
    background: Float[np.ndarray, "H W 3"]
    pole: Float[np.ndarray, "2 2 2"] | None
    fps: int
    frames: int
    shutter: float
    shake: float
    quality: int
    lens: float
    seed: tuple[int, int, int]


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
    shoe = None if standing or rng.uniform() < 0.55 else draw_shoe(rng)
    fps = int(rng.choice([25, 30, 50, 60], p=[0.3, 0.6, 0.06, 0.04]))
    seconds = rng.uniform(1.1, 1.4)  # about one stride; more people teach more than more frames of each
    shown = (True, True)
    if standing and rng.uniform() < 0.2:
        shown = (True, False) if rng.uniform() < 0.5 else (False, True)
    camera = _place_camera(rng, gait, (settings.width, settings.height), seconds, shown)
    belt = None
    if view == "treadmill":
        belt = Belt(rng.uniform(0.2, 0.3), gait.start - rng.uniform(0.3, 0.7), gait.start + 1.2)
    footwear = "bare" if shoe is None else "shoe"
    return Subject(
        name=f"subject_{index:04d}",
        slices={"tone": tone, "lighting": light.name, "view": view, "footwear": footwear, "background": scene},
        light=light,
        camera=camera,
        gait=gait,
        legs=_dress(rng, light, linear(TONES[tone]), shoe, standing),
        shown=shown,
        background=paint_scene(camera, scene, belt, light, rng),
        pole=None if standing or rng.uniform() > 0.12 else _pole(rng, settings.width, settings.height),
        fps=fps,
        frames=round(seconds * fps),
        shutter=rng.uniform(0.3, 0.6) if light.name == "dim" else rng.uniform(0.03, 0.4),
        shake=float(rng.choice([0.0, rng.uniform(1.0, 4.0)], p=[0.75, 0.25])) * settings.height / 480,
        quality=int(rng.integers(17, 29)),
        lens=rng.uniform(0.45, 1.0) * settings.height / 480,
        seed=(settings.seed, index, 1),
    )


def _dress(
    rng: np.random.Generator, light: Light, tone: Float[np.ndarray, "3"], shoe: Shoe | None, standing: bool
) -> tuple[Dressed, Dressed]:
    """Both legs of a person with skin, shoes, trousers and markers."""
    body = draw_body(rng)
    white = np.array([0.9, 0.9, 0.88]) * rng.uniform(0.75, 1.05)
    if rng.uniform() < (0.7 if standing else 0.35):
        white *= rng.uniform(1.3, 2.5)  # fluorescent, or reflecting towards the camera
    tint = white if standing or rng.uniform() < 0.95 else linear(tuple(rng.uniform(60, 250, 3)))
    gloss = rng.uniform(0, 0.5)
    # trousers or shorts: most end above the knee or are rolled up, some hang into the shank marker
    hems = [0.0, rng.uniform(0.45, 0.6), rng.uniform(0.24, 0.42)]
    hem = 0.0 if standing else float(rng.choice(hems, p=[0.6, 0.35, 0.05]))
    loose = rng.uniform(0.006, 0.03)
    cloth = bake_cloth(light, rng)
    foot = light.flat(tone if shoe is None else shoe.upper, 0.45)
    sole = light.flat(0.5 * tone if shoe is None else shoe.sole, 0.35)
    grounds = (tone, tone, tone if shoe is None else shoe.trim if shoe.tab else shoe.upper)
    dressed = []
    for side in (-1, 1):
        leg = make_leg(body, side, 0.0 if shoe is None else shoe.thickness, rng)
        markers: list[Sticker | None] = [
            Sticker(float(t), float(turn), leg.marker_radius, _visible_on(ground, tint * rng.uniform(0.93, 1.0)), gloss)
            for t, turn, ground in zip(leg.marker_t, leg.marker_turn, grounds, strict=True)
        ]
        if rng.uniform() < 0.02:
            markers[rng.integers(3)] = None
        dressed.append(
            Dressed(
                leg=leg,
                texture=bake(leg, tone, light, shoe, rng),
                markers=(markers[0], markers[1], markers[2]),
                others=_lookalikes(rng, leg),
                hem=leg.t_at(hem) if hem else 0.0,
                loose=loose,
                cloth=cloth,
                foot=foot,
                sole=sole,
            )
        )
    return dressed[0], dressed[1]


def _visible_on(ground: Float[np.ndarray, "3"], tint: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """The marker's colour, or white or black where nobody would have stuck it on such a ground (linear colours)."""
    contrast = np.abs(np.clip(tint, 0, 1) ** (1 / 2.2) - ground ** (1 / 2.2)).max()
    if contrast > 0.35:
        return tint
    return np.full(3, 0.9 if ground.mean() < 0.35 else 0.02)


def _lookalikes(rng: np.random.Generator, leg: Leg) -> tuple[Sticker, ...]:
    """Stickers of another system at the side of the leg, plasters, scars; never on the midline."""
    found = []
    for _ in range(rng.choice([0, 1, 2], p=[0.85, 0.12, 0.03])):
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
    standing = gait.stride_s == 0
    side = gait.heading * middle
    if not all(shown):
        side += (-1 if shown[0] else 1) * gait.step_width / 2
    top = rng.uniform(0.27, 0.33) if standing else rng.uniform(0.35, 0.40)
    aim = np.array([side + rng.normal(0, 0.01), top / 2 + rng.uniform(-0.015, 0.02), middle])
    position = np.array([side + rng.normal(0, 0.12), rng.uniform(0.12, 0.6), 0.0])
    across = gait.step_width / 2 + 0.055 if all(shown) else 0.06
    must = [(side + sx * across, y, z) for sx in (-1, 1) for y in (0.0, top) for z in (gait.start - 0.1, end - 0.1)]
    return frame_points(position, aim, rng.normal(0, 0.02), size, np.array(must), rng.uniform(0.8, 0.97))


def _pole(rng: np.random.Generator, width: int, height: int) -> Float[np.ndarray, "2 2 2"]:
    """A rail, a cable or a table leg in front of the scene."""
    thick = rng.uniform(0.006, 0.035) * width
    top, bottom = rng.uniform(0.15, 0.85) * width + rng.normal(0, 0.1 * width, 2)
    left = np.array([[top, -2.0], [bottom, height + 2.0]])
    return np.stack([left, left + np.array([thick, 0.0])])
