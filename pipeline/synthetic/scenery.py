"""The surroundings of the patient: rooms, corridors, treadmills and black cloth, rendered once per video."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from pipeline.synthetic.camera import Camera
from pipeline.synthetic.light import Light, display, linear, speckle

SCENES = ("clinic", "corridor", "outdoor", "black")

_WALLS = [
    (232, 230, 222),
    (210, 218, 224),
    (196, 206, 190),
    (240, 240, 240),
    (150, 160, 172),
    (222, 205, 180),
    (96, 104, 112),
]
_FLOORS = [
    (150, 148, 142),
    (176, 150, 112),
    (120, 90, 62),
    (90, 104, 116),
    (70, 72, 74),
    (196, 190, 178),
    (130, 146, 138),
    (54, 60, 92),
]


@dataclass(frozen=True)
class Belt:
    """A treadmill belt: its half width, and the distances of its ends from the camera, metres."""

    half_width: float
    near: float
    far: float


def paint_scene(
    camera: Camera, kind: str, belt: Belt | None, light: Light, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Paint the view without the patient, 8-bit values as float32.

    Args:
        camera: The camera.
        kind: One of SCENES.
        belt: The treadmill that the patient walks on; `None` without one.
        light: The light.
        rng: Source of colours, furniture and clutter.
    """
    rays = camera.rays()
    down = np.where(rays[..., 1] < -1e-3, -rays[..., 1], np.nan)
    reach = camera.position[1] / down
    x, z = camera.position[0] + reach * rays[..., 0], camera.position[2] + reach * rays[..., 2]
    back = rng.uniform(5.5, 12.0) if kind != "black" else rng.uniform(3.5, 5)
    on_floor = np.nan_to_num(z, nan=1e9) < back
    x, z = np.where(on_floor, x, 0.0), np.where(on_floor, z, back)
    if kind == "black":
        view = _black(on_floor, rng)
    else:
        view = np.where(on_floor[..., None], _floor(x, z, kind, rng), _wall(camera, rays, back, kind, rng))
    if belt is not None:
        view = _treadmill(view, x, z, on_floor, belt, rng)
    view = view * light.scene * light.colour * _falloff(view.shape[:2], rng)[..., None]
    return _distractors(display(view * (light.ambient + 0.75 * light.diffuse)), light, rng)


def _falloff(shape: tuple[int, int], rng: np.random.Generator) -> Float[np.ndarray, "H W"]:
    """Return the factor of uneven light: a gradient and a vignette."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.clip(1 + rng.normal(0, 0.2) * x + rng.normal(0, 0.2) * y - rng.uniform(0, 0.2) * (x * x + y * y), 0.1, 3)


def _black(on_floor: Float[np.ndarray, "H W"], rng: np.random.Generator) -> Float[np.ndarray, "H W 3"]:
    """Return black cloth: it reflects nearly no light, except for a few folds on the floor."""
    cloth = linear((30, 32, 36)) * rng.uniform(0.2, 1.4) * rng.normal(1, 0.1, 3)
    shape = on_floor.shape
    folds = (
        1 + 0.35 * speckle(rng, shape, (shape[0] / 3, shape[1] / 12)) + 0.5 * on_floor * speckle(rng, shape, (8, 60))
    )
    return np.maximum(folds, 0.05)[..., None] * cloth


def _floor(
    x: Float[np.ndarray, "H W"], z: Float[np.ndarray, "H W"], kind: str, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Return a floor of tiles, planks, linoleum, carpet or track, in perspective."""
    colour = linear(_FLOORS[rng.integers(len(_FLOORS))]) * rng.uniform(0.6, 1.2)
    if kind == "outdoor":
        colour = linear((160, 70, 52)) if rng.uniform() < 0.4 else linear((110, 108, 104))
    grain = 1 + 0.08 * speckle(rng, x.shape, (2, 3)) + 0.08 * speckle(rng, x.shape, (40, 60))
    style = rng.choice(["tiles", "planks", "plain", "check", "dots"])
    size = rng.uniform(0.2, 0.6)
    seams = np.ones_like(x)
    if style == "tiles":
        seams = 1 - rng.uniform(0.2, 0.6) * ((np.mod(x, size) < 0.008) | (np.mod(z, size) < 0.02))
    elif style == "planks":
        plank = np.floor(x / 0.11)
        seams = (1 - 0.5 * (np.mod(x, 0.11) < 0.004)) * (0.85 + 0.3 * np.mod(np.sin(plank * 12.9898) * 43758.5, 1))
    elif style == "check":
        seams = 1 - rng.uniform(0.2, 0.7) * (np.mod(np.floor(x / size) + np.floor(z / size), 2) > 0)
    elif style == "dots":  # flecks: bright spots of a marker's size all over the floor
        cell_x, cell_z = np.mod(x, 0.12) - 0.06, np.mod(z, 0.12) - 0.06
        seams = 1 + 1.5 * (cell_x**2 + cell_z**2 < 0.006**2)
    view = (grain * seams)[..., None] * colour
    if rng.uniform() < 0.4:  # a line to walk on
        at = rng.uniform(-0.5, 0.5)
        view = np.where((np.abs(x - at) < 0.025)[..., None], linear((230, 225, 210)) * rng.uniform(0.4, 1), view)
    return view


def _wall(
    camera: Camera, rays: Float[np.ndarray, "H W 3"], back: float, kind: str, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Return a wall with skirting, doors, furniture and posters, slightly out of focus."""
    reach = (back - camera.position[2]) / np.maximum(rays[..., 2], 1e-3)
    x, y = camera.position[0] + reach * rays[..., 0], camera.position[1] + reach * rays[..., 1]
    wall = linear(_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.6, 1.1)
    view = np.broadcast_to(wall, (*x.shape, 3)).copy()
    for _ in range(rng.integers(2, 9)):
        at, low = rng.uniform(-2.5, 2.5), rng.choice([0.0, rng.uniform(0.3, 1.5)])
        wide, tall = rng.uniform(0.1, 1.0), rng.uniform(0.1, 1.6)
        colour = linear(tuple(rng.uniform(15, 250, 3) * 0.4 + rng.uniform(10, 240) * 0.6))
        view[(np.abs(x - at) < wide / 2) & (y > low) & (y < low + tall)] = colour
    if kind != "outdoor":
        view[y < rng.uniform(0.06, 0.15)] = linear((210, 205, 195)) * rng.uniform(0.1, 1.1)
    for _ in range(rng.integers(0, 6)):  # lamps, switches, sockets
        at, high = rng.uniform(-2, 2), rng.uniform(0.1, 1.6)
        view[(x - at) ** 2 + (y - high) ** 2 < rng.uniform(0.01, 0.04) ** 2] = rng.uniform(0.7, 1.4)
    blurred = cv2.GaussianBlur(view.astype(np.float32), (0, 0), rng.uniform(0.8, 4))
    return blurred * (1 + 0.04 * speckle(rng, x.shape, (60, 80))[..., None])


def _treadmill(
    view: Float[np.ndarray, "H W 3"],
    x: Float[np.ndarray, "H W"],
    z: Float[np.ndarray, "H W"],
    on_floor: Float[np.ndarray, "H W"],
    belt: Belt,
    rng: np.random.Generator,
) -> Float[np.ndarray, "H W 3"]:
    """Draw a dark belt between two rails over the view."""
    along = on_floor & (z > belt.near) & (z < belt.far)
    rubber = linear((44, 45, 48)) * rng.uniform(0.5, 1.5) * (1 + 0.1 * speckle(rng, x.shape, (2, 2))[..., None])
    view = np.where((along & (np.abs(x) < belt.half_width))[..., None], rubber, view)
    rail = along & (np.abs(x) >= belt.half_width) & (np.abs(x) < belt.half_width + 0.07)
    return np.where(rail[..., None], linear((120, 122, 126)) * rng.uniform(0.2, 1.4), view)


def _distractors(
    view: Float[np.ndarray, "H W 3"], light: Light, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Draw bright spots of a marker's size on floor and wall: reflections, screws, dropped stickers, lights."""
    height, width = view.shape[:2]
    for _ in range(rng.integers(0, 14)):
        x, y = rng.uniform(0, width), height * rng.beta(2, 1.3)
        radius = rng.uniform(0.004, 0.016) * height
        axes = (round(radius * 8), round(radius * rng.uniform(0.4, 1) * 8))
        level = float(np.clip(view[int(y), int(x)].mean() + rng.uniform(30, 200), 0, 250))
        colour = tuple(float(v) for v in level * np.clip(rng.normal(1, 0.06, 3), 0.6, 1.02))
        cv2.ellipse(view, (round(x * 8), round(y * 8)), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA, 3)
    return view
