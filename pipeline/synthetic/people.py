"""Everything that is drawn once per video: the person, the clothes, the light and the camera."""

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

# most people walk away from the camera; the two "stand" entries stand for photographs of standing patients
VIEWS = ("walk", "treadmill", "walk", "stand", "walk", "walk", "treadmill", "walk", "walk", "stand")


@dataclass(frozen=True)
class Sticker:
    """A disc on the skin: a marker, or something that looks like one.

    Attributes:
        t: Position along the strip.
        turn: Angle around the leg from the midline, radians.
        radius: Radius, metres.
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
    """A leg with its markers, clothes and shoe.

    Attributes:
        leg: The leg.
        texture: Texture of skin and shoe, with the light baked in.
        markers: Shank, ankle and heel marker; `None` for a marker that is missing.
        lookalikes: Discs that look like markers but are not.
        hem: Position along the strip where the trousers end; 0 without trousers.
        loose: Distance between cloth and leg, metres.
        cloth: Texture of the trousers.
        foot: Colour of the forefoot's upper, 8-bit values.
        sole: Colour of its sole, 8-bit values.
    """

    leg: Leg
    texture: Float[np.ndarray, "H W 3"]
    markers: tuple[Sticker | None, Sticker | None, Sticker | None]
    lookalikes: tuple[Sticker, ...]
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
        gait: The way the person walks or stands.
        legs: Left and right leg.
        in_view: True for each leg that is drawn: left, right.
        background: The view without the person, 8-bit values as float32.
        pole: Edges of an object between camera and patient (2, 2, 2): left and right edge, each with its top and
            bottom point; `None` if nothing stands there.
        fps: Frames per second.
        frames: Frames in the video.
        shutter: Share of the frame interval that the shutter is open.
        shake: Standard deviation of a hand-held camera's direction, pixels; 0 on a tripod.
        quality: Constant rate factor of the encoder.
        lens: Standard deviation of the lens's blur, pixels.
        seed: Seed of everything that differs from frame to frame.
    """

    name: str
    slices: dict[str, str]
    light: Light
    camera: Camera
    gait: Gait
    legs: tuple[Dressed, Dressed]
    in_view: tuple[bool, bool]
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
    """Return the option of subject `index` when shuffled decks of all options are dealt one after another.

    This spreads the options evenly, whatever the number of subjects.
    """
    order = np.random.default_rng([seed, deck, index // len(options)]).permutation(len(options))
    return options[order[index % len(options)]]


def make_subject(settings: SyntheticSource, index: int, seconds: float | None = None) -> Subject:
    """Make subject `index` of a source. It depends on the seed, the index, the image size and `seconds` alone.

    Args:
        settings: The source.
        index: Number of the subject.
        seconds: Length of the video; by default about one stride, as in training.
    """
    rng = np.random.default_rng([settings.seed, index])
    view = _dealt(VIEWS, index, settings.seed, 1)
    tone = _dealt(tuple(TONES), index, settings.seed, 2)
    light = draw_light(_dealt(LIGHTS, index, settings.seed, 3), rng)
    standing = view == "stand"
    scene = "black" if standing and rng.uniform() < 0.8 else str(rng.choice(SCENES, p=[0.5, 0.25, 0.1, 0.15]))
    gait = draw_stand(rng) if standing else draw_walk(rng, view == "treadmill")
    shoe = None if standing or rng.uniform() < 0.55 else draw_shoe(rng)
    fps = int(rng.choice([25, 30, 50, 60], p=[0.3, 0.6, 0.06, 0.04]))
    stride = rng.uniform(1.1, 1.4)  # about one stride: more people teach a network more than more frames of each
    seconds = stride if seconds is None else seconds
    in_view = (True, True)
    if standing and rng.uniform() < 0.2:
        in_view = (True, False) if rng.uniform() < 0.5 else (False, True)
    camera = _place_camera(rng, gait, (settings.width, settings.height), seconds, in_view)
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
        in_view=in_view,
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
    """Make both legs of a person with skin, shoes, trousers and markers."""
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
                lookalikes=_lookalikes(rng, leg),
                hem=leg.t_at(hem) if hem else 0.0,
                loose=loose,
                cloth=cloth,
                foot=foot,
                sole=sole,
            )
        )
    return dressed[0], dressed[1]


def _visible_on(ground: Float[np.ndarray, "3"], tint: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """Return the marker's colour, or white or black if it has too little contrast to the ground (linear colours)."""
    contrast = np.abs(np.clip(tint, 0, 1) ** (1 / 2.2) - ground ** (1 / 2.2)).max()
    if contrast > 0.35:
        return tint
    return np.full(3, 0.9 if ground.mean() < 0.35 else 0.02)


def _lookalikes(rng: np.random.Generator, leg: Leg) -> tuple[Sticker, ...]:
    """Draw stickers of another system, plasters or scars at the side of the leg, never on the midline."""
    lookalikes = []
    for _ in range(rng.choice([0, 1, 2], p=[0.85, 0.12, 0.03])):
        height, turn = rng.uniform(0.07, 0.42), rng.choice([-1, 1]) * rng.uniform(0.7, 1.2)
        albedo = np.full(3, 0.85) if rng.uniform() < 0.5 else linear(tuple(rng.uniform(40, 240, 3)))
        lookalikes.append(Sticker(leg.t_at(height), turn, leg.marker_radius * rng.uniform(0.6, 1.4), albedo, 0.2))
    return tuple(lookalikes)


def _place_camera(
    rng: np.random.Generator, gait: Gait, size: tuple[int, int], seconds: float, in_view: tuple[bool, bool]
) -> Camera:
    """Place a camera behind the person, zoomed so that the lower legs fill much of the frame over the whole walk."""
    end = gait.start + gait.speed * seconds
    middle = gait.start + 0.35 * (end - gait.start)
    standing = gait.stride_s == 0
    side = gait.heading * middle
    if not all(in_view):
        side += (-1 if in_view[0] else 1) * gait.step_width / 2
    top = rng.uniform(0.27, 0.33) if standing else rng.uniform(0.35, 0.40)
    aim = np.array([side + rng.normal(0, 0.01), top / 2 + rng.uniform(-0.015, 0.02), middle])
    position = np.array([side + rng.normal(0, 0.12), rng.uniform(0.12, 0.6), 0.0])
    across = gait.step_width / 2 + 0.055 if all(in_view) else 0.06
    corners = [(side + sx * across, y, z) for sx in (-1, 1) for y in (0.0, top) for z in (gait.start - 0.1, end - 0.1)]
    return frame_points(position, aim, rng.normal(0, 0.02), size, np.array(corners), rng.uniform(0.8, 0.97))


def _pole(rng: np.random.Generator, width: int, height: int) -> Float[np.ndarray, "2 2 2"]:
    """Draw the edges of a rail, a cable or a table leg in front of the scene, pixels."""
    thick = rng.uniform(0.006, 0.035) * width
    top, bottom = rng.uniform(0.15, 0.85) * width + rng.normal(0, 0.1 * width, 2)
    left = np.array([[top, -2.0], [bottom, height + 2.0]])
    return np.stack([left, left + np.array([thick, 0.0])])
