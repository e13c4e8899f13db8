"""Everything that is drawn once per video: the person, the clothes, the light and the camera."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from pipeline.synthetic.anatomy import Leg, draw_body, make_leg
from pipeline.synthetic.appearance import TONES, Shoe, bake, bake_cloth, draw_shoe
from pipeline.synthetic.camera import Camera
from pipeline.synthetic.clinic import HEIGHTS, Clinic
from pipeline.synthetic.framing import place_camera
from pipeline.synthetic.gait import Gait, draw_stand, draw_walk
from pipeline.synthetic.light import LIGHTS, Light, draw_light, linear
from pipeline.synthetic.markers import Sticker, draw_markers
from pipeline.synthetic.rails import Edges, draw_rails
from pipeline.synthetic.scenery import SCENES, Belt, paint_scene
from pipeline.synthetic.sensor import Sensor, draw_sensor
from pipeline.synthetic.settings import SyntheticSource

# most people walk away from the camera; the two "stand" entries stand for photographs of standing patients
VIEWS = ("walk", "treadmill", "walk", "stand", "walk", "walk", "treadmill", "walk", "walk", "stand")

_SECONDS = (0.9, 1.4)  # about one stride: more people teach a network more than more frames of each
_BYSTANDERS = 0.08  # share of videos with another person's legs


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
        rails: What stands between camera and patient.
        behind: Another person further away, whose markers nobody labels; `None` if nobody is there.
        fps: Frames per second.
        frames: Frames in the video.
        shutter: Share of the frame interval that the shutter is open.
        shake: Standard deviation of a hand-held camera's direction, pixels; 0 on a tripod.
        quality: Constant rate factor of the encoder.
        sensor: What the camera makes of the light.
        seed: Seed of everything that differs from frame to frame.
        gleam: Share of the light that the floor mirrors; 0 for a dull floor.
    """

    name: str
    slices: dict[str, str]
    light: Light
    camera: Camera
    gait: Gait
    legs: tuple[Dressed, Dressed]
    in_view: tuple[bool, bool]
    background: Float[np.ndarray, "H W 3"]
    rails: tuple[Edges, ...]
    behind: "Subject | None"
    fps: int
    frames: int
    shutter: float
    shake: float
    quality: int
    sensor: Sensor
    seed: tuple[int, int, int]
    gleam: float = 0.0


def _dealt(options: tuple[str, ...], index: int, seed: int, deck: int) -> str:
    """Return the option of subject `index` when shuffled decks of all options are dealt one after another.

    This spreads the options evenly, whatever the number of subjects.
    """
    order = np.random.default_rng([seed, deck, index // len(options)]).permutation(len(options))
    return options[order[index % len(options)]]


def make_subject(
    settings: SyntheticSource, index: int, seconds: float | None = None, clinic: Clinic | None = None
) -> Subject:
    """Make subject `index` of a source. It depends on the arguments alone.

    Args:
        settings: The source.
        index: Number of the subject.
        seconds: Length of the video; by default about one stride, as in training.
        clinic: The set-up that all people share; by default each has one of their own, and some stand.
    """
    rng = np.random.default_rng([settings.seed, index])
    light_rng, scene_rng, camera_rng = (rng if clinic is None else clinic.rng(part) for part in range(3))
    view = _dealt(VIEWS, index, settings.seed, 1) if clinic is None else "walk"
    tone = _dealt(tuple(TONES), index, settings.seed, 2)
    light = draw_light(clinic.light if clinic else _dealt(LIGHTS, index, settings.seed, 3), light_rng)
    standing = view == "stand"
    scene = "black" if standing and rng.uniform() < 0.8 else str(scene_rng.choice(SCENES, p=[0.5, 0.25, 0.1, 0.15]))
    gait = draw_stand(rng) if standing else draw_walk(rng, view == "treadmill")
    shoe = None if standing or rng.uniform() < 0.55 else draw_shoe(rng)
    fps = int(camera_rng.choice([25, 30, 50, 60], p=[0.3, 0.6, 0.06, 0.04]))
    part = rng.uniform(*_SECONDS)
    seconds = part if seconds is None else seconds
    width, height = settings.width, settings.height
    if rng.uniform() < settings.upright:
        width, height = height, width
    legs = _dress(rng, light, linear(TONES[tone]), shoe, standing, settings.incomplete, clinic)
    in_view = _in_view(rng, legs, 0.25 if standing else 0.03) if settings.incomplete else (True, True)
    heights = clinic.height if clinic else HEIGHTS
    camera = place_camera(rng, gait, (width, height), seconds, in_view, settings.legs, heights)
    belt = None
    if view == "treadmill":
        belt = Belt(rng.uniform(0.2, 0.3), gait.start - rng.uniform(0.3, 0.7), gait.start + 1.2)
    footwear = "bare" if shoe is None else "shoe"
    subject = Subject(
        name=f"subject_{index:04d}",
        slices={"tone": tone, "lighting": light.name, "view": view, "footwear": footwear, "background": scene},
        light=light,
        camera=camera,
        gait=gait,
        legs=legs,
        in_view=in_view,
        background=paint_scene(camera, scene, belt, light, scene_rng),
        rails=draw_rails(rng, view, width, height),
        behind=None,
        fps=fps // settings.frame_step,
        frames=max(round(seconds * fps / settings.frame_step), 1),
        shutter=_shutter(rng, light) / settings.frame_step,
        shake=float(rng.choice([0.0, rng.uniform(1.0, 4.0)], p=[0.75, 0.25])) * height / 480,
        quality=int(rng.integers(18, 36)),
        sensor=draw_sensor(camera_rng, light, height),
        seed=(settings.seed, index, 1),
    )
    # a single leg beside the two of another person could be anybody's
    accompanied = all(in_view) and rng.uniform() < _BYSTANDERS
    return replace(subject, behind=_bystander(rng, subject)) if accompanied else subject


def _in_view(rng: np.random.Generator, legs: tuple[Dressed, Dressed], one: float) -> tuple[bool, bool]:
    """Draw which legs are in view: both, or with probability `one` a single one, which has a marker."""
    if rng.uniform() >= one:
        return True, True
    marked = [any(m is not None for m in dressed.markers) for dressed in legs]
    left = rng.uniform() < 0.5 if all(marked) else marked[0]
    return left, not left


def _shutter(rng: np.random.Generator, light: Light) -> float:
    """Draw the share of the frame interval that the shutter is open: longer in dim light, now and then always."""
    if rng.uniform() < 0.08:
        return rng.uniform(0.5, 1.0)
    return rng.uniform(0.3, 0.6) if light.name == "dim" else rng.uniform(0.03, 0.4)


def _bystander(rng: np.random.Generator, subject: Subject) -> Subject:
    """Make a person without markers who stands or walks behind the patient: a therapist, or the next one."""
    gait = draw_stand(rng) if rng.uniform() < 0.5 else draw_walk(rng, treadmill=True)
    away = subject.gait.start + subject.gait.speed * subject.frames / subject.fps + rng.uniform(0.7, 2.5)
    aside = rng.choice([-1, 1]) * rng.uniform(0.1, 0.8)
    shoe = draw_shoe(rng) if rng.uniform() < 0.8 else None
    tone = linear(TONES[str(rng.choice(list(TONES)))])
    left, right = (replace(d, markers=(None, None, None)) for d in _dress(rng, subject.light, tone, shoe, False, 0.0))
    return replace(
        subject, gait=replace(gait, start=away, aside=aside), legs=(left, right), in_view=(True, True), rails=()
    )


def _dress(
    rng: np.random.Generator,
    light: Light,
    tone: Float[np.ndarray, "3"],
    shoe: Shoe | None,
    standing: bool,
    incomplete: float,
    clinic: Clinic | None = None,
) -> tuple[Dressed, Dressed]:
    """Make both legs of a person with skin, shoes, trousers and markers."""
    body = draw_body(rng)
    # trousers or shorts: most end above the knee or are rolled up, some hang into the shank marker
    hems = [0.0, rng.uniform(0.45, 0.6), rng.uniform(0.24, 0.42)]
    hem = 0.0 if standing else float(rng.choice(hems, p=[0.6, 0.35, 0.05]))
    loose = rng.uniform(0.006, 0.03)
    cloth = bake_cloth(light, rng)
    foot = light.flat(tone if shoe is None else shoe.upper, 0.45)
    sole = light.flat(0.5 * tone if shoe is None else shoe.sole, 0.35)
    left, right = (make_leg(body, side, 0.0 if shoe is None else shoe.thickness, rng) for side in (-1, 1))
    grounds = (tone, tone, tone if shoe is None else shoe.trim if shoe.tab else shoe.upper)
    white = rng.uniform() < (0.7 if standing else 0.4)
    on_legs = draw_markers(rng, (left, right), grounds, incomplete, white, clinic)
    first, second = (
        Dressed(
            leg=leg,
            texture=bake(leg, tone, light, shoe, rng),
            markers=markers,
            lookalikes=lookalikes,
            hem=leg.t_at(hem) if hem else 0.0,
            loose=loose,
            cloth=cloth,
            foot=foot,
            sole=sole,
        )
        for leg, (markers, lookalikes) in zip((left, right), on_legs, strict=True)
    )
    return first, second
