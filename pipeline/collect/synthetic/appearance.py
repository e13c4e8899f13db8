"""What skin, shoes, clothes and light look like: colours, and textures with the light baked in.

Colours are linear light in RGB, 0 to 1, until `display` turns them into 8-bit values.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from pipeline.collect.synthetic.anatomy import Leg

ROWS, COLUMNS = 768, 96

# sRGB colours near the middle of each Fitzpatrick type
TONES = {
    "I": (241, 206, 188),
    "II": (226, 184, 156),
    "III": (203, 157, 124),
    "IV": (168, 119, 84),
    "V": (118, 78, 54),
    "VI": (70, 46, 35),
}


@dataclass(frozen=True)
class Light:
    """One main light and what is left in its shadow.

    Attributes:
        name: Recorded as the slice `lighting`.
        direction: Unit vector towards the light (3,); z is negative for a light on the camera's side.
        ambient: Light that comes from everywhere.
        diffuse: Strength of the main light.
        colour: Its colour, RGB around 1.
        scene: Brightness of the background relative to the legs.
        noise: Standard deviation of the sensor noise, 8-bit levels.
    """

    name: str
    direction: Float[np.ndarray, "3"]
    ambient: float
    diffuse: float
    colour: Float[np.ndarray, "3"]
    scene: float
    noise: float


# name: direction (x, y, z), ambient, diffuse, colour, scene, noise; what each draw is scattered around
_LIGHTS: dict[str, tuple[tuple[float, float, float], float, float, tuple[float, float, float], float, float]] = {
    "even": ((0.2, 0.8, -0.7), 0.45, 0.65, (1.0, 1.0, 1.0), 0.9, 2.5),
    "bright": ((-0.3, 0.7, -0.8), 0.55, 0.95, (1.0, 0.99, 0.97), 1.2, 1.5),
    "dim": ((0.1, 0.9, -0.5), 0.13, 0.22, (1.0, 0.95, 0.88), 0.25, 6.0),
    "side": ((0.95, 0.3, -0.35), 0.16, 0.95, (1.0, 0.98, 0.95), 0.7, 3.0),
    "warm": ((0.2, 0.9, -0.4), 0.3, 0.6, (1.15, 0.95, 0.68), 0.7, 3.5),
    "cool": ((-0.2, 0.8, -0.6), 0.35, 0.55, (0.88, 1.0, 1.15), 0.8, 3.0),
    "backlit": ((0.3, 0.6, 0.75), 0.22, 0.8, (1.0, 1.0, 1.02), 1.5, 3.5),
}
LIGHTS = tuple(_LIGHTS)


def draw_light(name: str, rng: np.random.Generator) -> Light:
    """A light of the named kind."""
    direction, ambient, diffuse, colour, scene, noise = _LIGHTS[name]
    towards = np.array(direction) * [rng.choice([-1, 1]), 1, 1] + rng.normal(0, 0.12, 3)
    return Light(
        name=name,
        direction=towards / np.linalg.norm(towards),
        ambient=ambient * rng.uniform(0.8, 1.2),
        diffuse=diffuse * rng.uniform(0.8, 1.2),
        colour=np.array(colour) * rng.normal(1, 0.03, 3),
        scene=scene * rng.uniform(0.8, 1.2),
        noise=noise * rng.uniform(0.6, 1.4),
    )


def linear(srgb: tuple[float, ...] | Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """8-bit sRGB values to linear light."""
    return (np.asarray(srgb, np.float64) / 255) ** 2.2


def display(light: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Linear light to 8-bit values, as float32 and not rounded; highlights are rolled off as a camera does."""
    rolled = np.where(light > 0.7, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3), light)
    return (255 * np.clip(rolled, 0, 1) ** (1 / 2.2)).astype(np.float32)


def speckle(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> Float[np.ndarray, "H W"]:
    """Smooth noise of unit deviation, `cell` (rows, columns) being the size of its grain in pixels."""
    small = (max(2, round(shape[0] / cell[0])), max(2, round(shape[1] / cell[1])))
    field = rng.standard_normal(small).astype(np.float32)
    return cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _strip_normals(leg: Leg) -> tuple[Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W"]]:
    """Normals over the texture in the neutral pose, and the height above the floor of each row (repeated, H x W)."""
    rows = np.linspace(0, 1, ROWS)
    path = np.stack([np.interp(rows, leg.t, leg.centre[:, k]) for k in range(3)], axis=1)
    tangent = np.gradient(path, axis=0)
    out = np.cross(tangent, np.array([1.0, 0, 0]))
    out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
    u = np.linspace(-0.985, 0.985, COLUMNS)
    normals = u[None, :, None] * np.array([1.0, 0, 0]) + np.sqrt(1 - u**2)[None, :, None] * -out[:, None]
    height = np.repeat(path[:, 1:2] / leg.scale, COLUMNS, axis=1)
    height[rows > leg.t_at(0.001)] = 0
    return normals.astype(np.float32), height.astype(np.float32)


def _relief(
    leg: Leg, height: Float[np.ndarray, "H W"], lean: float, rng: np.random.Generator
) -> Float[np.ndarray, "H W"]:
    """Slope of the surface across the leg: Achilles tendon, malleoli, calf heads."""
    u = np.linspace(-1, 1, COLUMNS)[None]

    def bump(at: float, width: float, low: float, centre: float, spread: float) -> Float[np.ndarray, "H W"]:
        across = (u - at) / width
        return -across * np.exp(-(across**2)) * low * np.exp(-(((height - centre) / spread) ** 2))

    tendon = bump(rng.normal(0, 0.06), 0.26, 1.5 * lean, 0.13, 0.06)
    outer = bump(0.75 * leg.side, 0.3, 0.8 * lean, 0.078, 0.016)
    inner = bump(-0.75 * leg.side, 0.3, 0.8 * lean, 0.090, 0.018)
    calves = bump(-0.42, 0.4, 0.5 * lean, 0.34, 0.07) + bump(0.42, 0.4, 0.5 * lean, 0.34, 0.07)
    return -(tendon + outer + inner + calves).astype(np.float32)


def _hairs(rng: np.random.Generator, density: float) -> Float[np.ndarray, "H W"]:
    """Coverage of the skin by hair, 0 to 1."""
    sheet = np.zeros((ROWS, COLUMNS), np.float32)
    for _ in range(int(density * 900)):
        x, y = rng.uniform(0, COLUMNS), rng.uniform(ROWS * 0.1, ROWS * 0.66)
        dx, dy = rng.normal(0, 3.0), rng.uniform(3, 10)
        start, end = (round(x * 8), round(y * 8)), (round((x + dx) * 8), round((y + dy) * 8))
        cv2.line(sheet, start, end, float(rng.uniform(0.2, 0.7)), 1, cv2.LINE_AA, 3)
    return sheet


def skin_albedo(
    leg: Leg, tone: Float[np.ndarray, "3"], height: Float[np.ndarray, "H W"], rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Colour of the skin: mottled, redder at the heel, paler on the sole, with creases, hair, moles."""
    albedo = np.broadcast_to(tone, (ROWS, COLUMNS, 3)).copy()
    albedo *= 1 + 0.07 * speckle(rng, (ROWS, COLUMNS), (40, 24))[..., None]
    albedo *= 1 + 0.05 * speckle(rng, (ROWS, COLUMNS), (6, 4))[..., None]
    red = (
        np.exp(-(((height - 0.035) / 0.03) ** 2))
        * rng.uniform(0.2, 1.0)
        * (1 + 0.3 * speckle(rng, (ROWS, COLUMNS), (30, 30)))
    )
    albedo *= 1 + red[..., None] * np.array([0.02, -0.22, -0.18])
    sole = np.clip(1 - height / 0.006, 0, 1)[..., None]
    albedo = albedo * (1 - sole) + sole * (0.45 * albedo + 0.55 * linear((226, 172, 148)))
    for _ in range(rng.integers(2, 7)):  # creases across the tendon and the knee
        at = rng.choice([rng.uniform(0.06, 0.14), 0.485])
        bend = 0.004 * np.linspace(-1, 1, COLUMNS) ** 2 * rng.uniform(-1, 2)
        albedo *= 1 - 0.25 * rng.uniform(0.3, 1) * np.exp(-(((height - at + bend) / 0.0015) ** 2))[..., None]
    albedo *= 1 - 0.75 * _hairs(rng, max(0.0, rng.normal(0.35, 0.5)))[..., None]
    for _ in range(rng.integers(0, 5)):
        centre = (int(rng.integers(COLUMNS)), int(rng.integers(ROWS)))
        cv2.ellipse(albedo, centre, (2, 1), 0, 0, 360, tuple(map(float, tone * 0.35)), -1, cv2.LINE_AA)
    return albedo


def shoe_albedo(
    albedo: Float[np.ndarray, "H W 3"], height: Float[np.ndarray, "H W"], collar: float, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """The albedo with a sock, if any, and a low-cut shoe drawn below the collar's height."""
    upper, trim, sole = (linear(tuple(rng.choice(_CLOTH))) for _ in range(3))
    u = np.abs(np.linspace(-1, 1, COLUMNS))[None]
    if rng.uniform() < 0.4:
        sock = (height < collar + rng.uniform(0.008, 0.02))[..., None]
        albedo = np.where(sock, linear(tuple(rng.choice(_CLOTH))), albedo)
    weave = 1 + 0.06 * speckle(rng, height.shape, (2, 2))[..., None]
    shoe = np.where((u < rng.uniform(0.15, 0.5))[..., None] & (rng.uniform() < 0.5), trim, upper) * weave
    shoe = np.where((height > collar - 0.008)[..., None], trim * 0.8, shoe)
    shoe = np.where((height < rng.uniform(0.014, 0.024))[..., None], sole, shoe)
    return np.where((height < collar)[..., None], shoe, albedo)


_CLOTH = np.array(
    [
        (20, 20, 24), (40, 42, 48), (235, 235, 232), (180, 182, 185), (30, 44, 90), (150, 30, 38), (60, 90, 60),
        (200, 120, 40), (90, 110, 140), (245, 245, 245), (110, 60, 110), (20, 110, 120),
    ],
    np.float64,
)  # fmt: skip


def bake(
    leg: Leg, tone: Float[np.ndarray, "3"], light: Light, collar: float, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Texture of a leg in 8-bit values, its light baked in; rows run along the strip, columns across it.

    Args:
        leg: The leg in its neutral pose.
        tone: Linear colour of the skin.
        light: The light it stands in.
        collar: Height of a shoe's collar above the floor, metres; 0 for a bare foot.
        rng: Source of everything that differs between two skins.
    """
    normals, height = _strip_normals(leg)
    slope = _relief(leg, height, rng.uniform(0.5, 1.2), rng)
    if collar > 0:
        slope = np.where(height < collar, 0, slope)
    normals[..., 0] += slope
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    albedo = skin_albedo(leg, tone, height, rng)
    if collar > 0:
        albedo = shoe_albedo(albedo, height, collar, rng)
    lambert = np.maximum(normals @ light.direction, 0)
    u = np.linspace(-1, 1, COLUMNS)[None]
    ambient = light.ambient * (0.55 + 0.45 * np.sqrt(1 - 0.97 * u**2))
    half = light.direction + np.array([0, 0, -1.0])
    gloss = rng.uniform(0.0, 0.12) * np.maximum(normals @ (half / np.linalg.norm(half)), 0) ** 18
    shaded = albedo * (ambient + light.diffuse * lambert)[..., None] + (light.diffuse * gloss)[..., None]
    return display(shaded * light.colour)


def bake_cloth(light: Light, rng: np.random.Generator) -> Float[np.ndarray, "H W 3"]:
    """Texture of a trouser leg or shorts: plain, striped or dotted, darker in its folds, with a hem."""
    rows, columns = 256, COLUMNS
    base, other = linear(tuple(rng.choice(_CLOTH))), linear(tuple(rng.choice(_CLOTH)))
    sheet = np.broadcast_to(base, (rows, columns, 3)).copy()
    style = rng.choice(["plain", "stripe", "dots"], p=[0.6, 0.25, 0.15])
    if style == "stripe":
        at = int(rng.integers(5, columns - 8))
        sheet[:, at : at + int(rng.integers(2, 7))] = other
    if style == "dots":
        for y in range(6, rows, 22):
            for x in range(6, columns, 16):
                cv2.ellipse(sheet, (x, y), (2, 4), 0, 0, 360, tuple(map(float, other)), -1, cv2.LINE_AA)
    folds = speckle(rng, (rows, columns), (90, 9))
    u = np.linspace(-0.97, 0.97, columns)
    lambert = np.maximum(u * light.direction[0] - np.sqrt(1 - u**2) * light.direction[2], 0)[None] * (1 + 0.25 * folds)
    sheet[-7:-5] *= 0.6
    shade = light.ambient * (0.8 + 0.2 * np.sqrt(1 - u**2)) + light.diffuse * np.maximum(lambert, 0)
    return display(sheet * shade[..., None] * light.colour)
