"""Textures of skin, shoes and clothes, with the light baked in."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from pipeline.synthetic.anatomy import Leg
from pipeline.synthetic.light import Light, display, linear, speckle

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


def _strip_normals(leg: Leg) -> tuple[Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W"]]:
    """Return the normals over the texture in the neutral pose, and each pixel's height above the floor."""
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
    """Return the slope of the surface across the leg, from Achilles tendon, malleoli and calf heads."""
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
    """Return the coverage of the skin by hair, 0 to 1."""
    sheet = np.zeros((ROWS, COLUMNS), np.float32)
    for _ in range(int(density * 900)):
        x, y = rng.uniform(0, COLUMNS), rng.uniform(ROWS * 0.1, ROWS * 0.66)
        dx, dy = rng.normal(0, 2.5), rng.uniform(2, 7)
        start, end = (round(x * 8), round(y * 8)), (round((x + dx) * 8), round((y + dy) * 8))
        cv2.line(sheet, start, end, float(rng.uniform(0.1, 0.55)), 1, cv2.LINE_AA, 3)
    return sheet


def skin_albedo(
    leg: Leg, tone: Float[np.ndarray, "3"], height: Float[np.ndarray, "H W"], rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Return the colour of the skin: mottled, redder at the heel, paler on the sole, with creases, hair and moles."""
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
    toes = (np.linspace(0, 1, ROWS)[:, None] > 0.955) & (np.mod(np.linspace(0, 4.999, COLUMNS), 1) < 0.16)[None]
    albedo[toes] *= 0.55
    for _ in range(rng.integers(2, 7)):  # creases across the tendon and the knee
        at = rng.choice([rng.uniform(0.06, 0.14), 0.485])
        bend = 0.004 * np.linspace(-1, 1, COLUMNS) ** 2 * rng.uniform(-1, 2)
        albedo *= 1 - 0.25 * rng.uniform(0.3, 1) * np.exp(-(((height - at + bend) / 0.0015) ** 2))[..., None]
    albedo *= 1 - 0.75 * _hairs(rng, max(0.0, rng.normal(0.35, 0.5)))[..., None]
    for _ in range(rng.integers(0, 5)):
        centre = (int(rng.integers(COLUMNS)), int(rng.integers(ROWS)))
        cv2.ellipse(albedo, centre, (2, 1), 0, 0, 360, tuple(map(float, tone * 0.35)), -1, cv2.LINE_AA)
    return albedo


@dataclass(frozen=True)
class Shoe:
    """A low-cut shoe. The ankle marker is on the skin above it, the heel marker on its heel counter.

    Attributes:
        thickness: Thickness of the shoe around the foot, metres.
        collar: Height of the shoe's upper edge above the floor, metres.
        sole_height: Height of the sole's upper edge, metres.
        tab: Half width of the heel tab relative to the heel; 0 if the shoe has no tab.
        upper: Linear colour of the upper.
        trim: Linear colour of collar and tab.
        sole: Linear colour of the sole.
        sock: Height of the sock (metres) and its linear colour; `None` if no sock is worn.
    """

    thickness: float
    collar: float
    sole_height: float
    tab: float
    upper: Float[np.ndarray, "3"]
    trim: Float[np.ndarray, "3"]
    sole: Float[np.ndarray, "3"]
    sock: tuple[float, Float[np.ndarray, "3"]] | None


_CLOTH = np.array(
    [
        (20, 20, 24), (40, 42, 48), (235, 235, 232), (180, 182, 185), (30, 44, 90), (150, 30, 38), (60, 90, 60),
        (200, 120, 40), (90, 110, 140), (245, 245, 245), (110, 60, 110), (20, 110, 120),
    ],
    np.float64,
)  # fmt: skip


def draw_shoe(rng: np.random.Generator) -> Shoe:
    """Draw a pair of shoes."""
    upper, trim, sole, sock = (linear(tuple(_CLOTH[rng.integers(len(_CLOTH))])) for _ in range(4))
    collar = rng.uniform(0.062, 0.074)
    return Shoe(
        thickness=rng.uniform(0.003, 0.008),
        collar=collar,
        sole_height=rng.uniform(0.010, 0.022),
        tab=rng.choice([0.0, rng.uniform(0.15, 0.5)]),
        upper=upper,
        trim=trim,
        sole=sole,
        sock=(collar + rng.uniform(0.008, 0.02), sock) if rng.uniform() < 0.4 else None,
    )


def shod(
    albedo: Float[np.ndarray, "H W 3"], height: Float[np.ndarray, "H W"], shoe: Shoe, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Draw sock and shoe over the skin's albedo."""
    u, high = np.abs(np.linspace(-1, 1, COLUMNS))[None, :, None], height[..., None]
    if shoe.sock is not None:
        albedo = np.where(high < shoe.sock[0], shoe.sock[1], albedo)
    weave = 1 + 0.06 * speckle(rng, height.shape, (2, 2))[..., None]
    covered = np.where(u < shoe.tab, shoe.trim, shoe.upper) * weave
    covered = np.where(high > shoe.collar - 0.008, shoe.trim * 0.8, covered)
    covered = np.where(high < shoe.sole_height, shoe.sole, covered)
    tread = 1 - 0.5 * (np.mod(np.arange(ROWS)[:, None, None], 9) < 3) * (high <= 0)
    return np.where(high < shoe.collar, covered * tread, albedo)


def bake(
    leg: Leg, tone: Float[np.ndarray, "3"], light: Light, shoe: Shoe | None, rng: np.random.Generator
) -> Float[np.ndarray, "H W 3"]:
    """Make the texture of a leg in 8-bit values, with the light baked in. Rows run along the strip, columns across it.

    Args:
        leg: The leg in its neutral pose.
        tone: Linear colour of the skin.
        light: The light on it.
        shoe: The shoe that is worn; `None` for a bare foot.
        rng: Source of all differences between two skins.
    """
    normals, height = _strip_normals(leg)
    slope = _relief(leg, height, rng.uniform(0.6, 1.6), rng)
    if shoe is not None:
        slope = np.where(height < shoe.collar, 0, slope)
    normals[..., 0] += slope
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    albedo = skin_albedo(leg, tone, height, rng)
    if shoe is not None:
        albedo = shod(albedo, height, shoe, rng)
    lambert = np.maximum(normals @ light.direction, 0)
    u = np.linspace(-1, 1, COLUMNS)[None]
    ambient = light.ambient * (0.55 + 0.45 * np.sqrt(1 - 0.97 * u**2))
    # the hollows on both sides of the tendon see less light
    hollow = np.exp(-(((np.abs(u) - rng.uniform(0.4, 0.5)) / 0.17) ** 2)) * np.exp(-(((height - 0.115) / 0.04) ** 2))
    albedo *= 1 - (rng.uniform(0.1, 0.5) * hollow * (height > (0 if shoe is None else shoe.collar)))[..., None]
    half = light.direction + np.array([0, 0, -1.0])
    gloss = rng.uniform(0.0, 0.12) * np.maximum(normals @ (half / np.linalg.norm(half)), 0) ** 18
    shaded = albedo * (ambient + light.diffuse * lambert)[..., None] + (light.diffuse * gloss)[..., None]
    return display(shaded * light.colour)


def bake_cloth(light: Light, rng: np.random.Generator) -> Float[np.ndarray, "H W 3"]:
    """Make the texture of a trouser leg or shorts: plain, striped or dotted, darker in its folds, with a hem."""
    rows, columns = 256, COLUMNS
    base, accent = linear(tuple(_CLOTH[rng.integers(len(_CLOTH))])), linear(tuple(_CLOTH[rng.integers(len(_CLOTH))]))
    sheet = np.broadcast_to(base, (rows, columns, 3)).copy()
    style = rng.choice(["plain", "stripe", "dots"], p=[0.6, 0.25, 0.15])
    if style == "stripe":
        at = int(rng.integers(5, columns - 8))
        sheet[:, at : at + int(rng.integers(2, 7))] = accent
    if style == "dots":
        for y in range(6, rows, 22):
            for x in range(6, columns, 16):
                cv2.ellipse(sheet, (x, y), (2, 4), 0, 0, 360, tuple(map(float, accent)), -1, cv2.LINE_AA)
    folds = speckle(rng, (rows, columns), (90, 9))
    u = np.linspace(-0.97, 0.97, columns)
    lambert = np.maximum(u * light.direction[0] - np.sqrt(1 - u**2) * light.direction[2], 0)[None] * (1 + 0.25 * folds)
    sheet[-7:-5] *= 0.6
    shade = light.ambient * (0.8 + 0.2 * np.sqrt(1 - u**2)) + light.diffuse * np.maximum(lambert, 0)
    return display(sheet * shade[..., None] * light.colour)
