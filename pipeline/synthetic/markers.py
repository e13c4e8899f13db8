"""Markers as clinics use them: how many a leg has, of which kind, and what else on the skin looks like one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.synthetic.anatomy import Leg
from pipeline.synthetic.clinic import Clinic
from pipeline.synthetic.light import linear

_SIDE = 25  # pixels of a pattern's side


@dataclass(frozen=True)
class Pattern:
    """What is printed or painted on a marker; its square spans the marker's two perpendicular diameters.

    Attributes:
        colour: Brightness relative to the marker's colour, as 8-bit values are shaded (S, S, 3), 0 to 1.
        cover: Opacity (S, S), 0 to 1.
    """

    colour: Float[np.ndarray, "S S 3"]
    cover: Float[np.ndarray, "S S"]


@dataclass(frozen=True)
class Sticker:
    """A marker on the skin, or something that looks like one.

    Attributes:
        t: Position along the strip.
        turn: Angle around the leg from the midline, radians.
        radius: Radius, metres.
        albedo: Linear colour.
        gloss: Strength of its highlight.
        pattern: What is printed on it; `None` for a disc of one colour.
        ball: True for a ball, which looks the same from all sides.
    """

    t: float
    turn: float
    radius: float
    albedo: Float[np.ndarray, "3"]
    gloss: float
    pattern: Pattern | None = None
    ball: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of marker.

    Attributes:
        radius: Smallest and largest radius, metres.
        tints: Colours in 8-bit sRGB, one of which is drawn; empty for any colour.
        pattern: Draws what is printed on it; `None` for a disc of one colour.
        ball: True for a ball.
        bright: Largest factor of its brightness, above 1 for fluorescent or retroreflecting material.
    """

    radius: tuple[float, float]
    tints: tuple[tuple[int, int, int], ...]
    pattern: Callable[[np.random.Generator], Pattern] | None = None
    ball: bool = False
    bright: float = 1.0


def draw_markers(
    rng: np.random.Generator,
    legs: tuple[Leg, Leg],
    grounds: tuple[Float[np.ndarray, "3"], ...],
    incomplete: float,
    white: bool,
    clinic: Clinic | None = None,
) -> list[tuple[tuple[Sticker | None, Sticker | None, Sticker | None], tuple[Sticker, ...]]]:
    """Draw shank, ankle and heel marker of both legs, and what looks like markers; at least one leg has a marker.

    Args:
        rng: Source of all choices.
        legs: Left and right leg, with the places of the markers.
        grounds: Linear colour of what each of the three markers sticks on.
        incomplete: Probability that a person has fewer than three markers on a leg.
        white: True if the markers are white discs, as on photographs of standing people.
        clinic: The set-up, which has one kind of markers; by default each person has another.
    """
    choices = rng if clinic is None else clinic.rng(3)
    if clinic is not None:
        name, white = clinic.markers, False
    else:
        name = "sticker" if white else str(rng.choice(list(_KINDS), p=_SHARES))
    kind = _KINDS[name]
    tint = _white(choices) if white or not kind.tints else linear(kind.tints[choices.integers(len(kind.tints))])
    if not white and name in ("sticker", "ball") and choices.uniform() < 0.1:
        tint = linear(tuple(choices.uniform(60, 250, 3)))
    tint = tint * (choices.uniform(1, kind.bright) if choices.uniform() < 0.5 else 1.0)
    radius, gloss = choices.uniform(*kind.radius), choices.uniform(0, 0.5)
    pattern = None if kind.pattern is None else kind.pattern(choices)

    def marker(t: float, turn: float, ground: Float[np.ndarray, "3"]) -> Sticker:
        albedo = _visible_on(ground, tint * rng.uniform(0.93, 1.0))
        return Sticker(t, turn, radius * rng.uniform(0.95, 1.05), albedo, gloss, pattern, kind.ball)

    on_legs = []
    for leg, there in zip(legs, _which(rng, incomplete), strict=True):
        places = zip(leg.marker_t, leg.marker_turn, grounds, strict=True)
        drawn = [marker(float(t), float(turn), ground) for t, turn, ground in places]
        shank, ankle, heel = (m if k in there else None for k, m in enumerate(drawn))
        on_legs.append(((shank, ankle, heel), _lookalikes(rng, leg, drawn[0])))
    return on_legs


def _which(rng: np.random.Generator, incomplete: float) -> tuple[set[int], set[int]]:
    """Draw the numbers of the markers that each leg has: mostly the same on both, since a clinic has its system."""
    full = {0, 1, 2}
    if rng.uniform() >= incomplete:
        return full, full
    sets = [{1, 2}, {0, 1}, {0, 2}, {0}, {1}, {2}, set()]
    first, other = (sets[i] for i in rng.choice(len(sets), 2, p=[0.35, 0.12, 0.12, 0.08, 0.1, 0.13, 0.1]))
    system = rng.uniform()
    left, right = (first, first) if system < 0.55 else (first, full) if system < 0.75 else (first, other)
    if not left and not right:
        left = full
    return (left, right) if rng.uniform() < 0.5 else (right, left)


def _white(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    white = np.array([0.9, 0.9, 0.88]) * rng.uniform(0.75, 1.05)
    return white * rng.uniform(1.3, 2.5) if rng.uniform() < 0.5 else white  # fluorescent, or reflecting


def _visible_on(ground: Float[np.ndarray, "3"], tint: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """Return the marker's colour, or white or black if it has too little contrast to the ground (linear colours)."""
    contrast = np.abs(np.clip(tint, 0, 1) ** (1 / 2.2) - ground ** (1 / 2.2)).max()
    if contrast > 0.35:
        return tint
    return np.full(3, 0.9 if ground.mean() < 0.35 else 0.02)


def _lookalikes(rng: np.random.Generator, leg: Leg, marker: Sticker) -> tuple[Sticker, ...]:
    """Draw markers of another system, plasters, moles and reflections: beside the midline, or on it above the calf."""
    counts = (0, int(rng.integers(1, 3)), int(rng.integers(3, 9)))
    count = counts[rng.choice(3, p=[0.6, 0.28, 0.12])]
    alike = rng.uniform() < 0.5  # the other system's markers are of the same kind
    lookalikes = []
    for _ in range(count):
        height, turn = rng.uniform(0.02, 0.44), rng.choice([-1, 1]) * rng.uniform(0.6, 1.3)
        if rng.uniform() < 0.15:
            height, turn = rng.uniform(0.36, 0.46), rng.normal(0, 0.1)
        t, radius = leg.t_at(height), marker.radius * rng.uniform(0.6, 1.4)
        if alike:
            lookalikes.append(Sticker(t, turn, radius, marker.albedo, marker.gloss, marker.pattern, marker.ball))
        else:
            albedo = np.full(3, 0.85) if rng.uniform() < 0.5 else linear(tuple(rng.uniform(40, 240, 3)))
            lookalikes.append(Sticker(t, turn, radius, albedo, 0.2))
    return tuple(lookalikes)


# -- kinds -------------------------------------------------------------------------------------------------------------


def _plane() -> tuple[Float[np.ndarray, "S S"], Float[np.ndarray, "S S"], Float[np.ndarray, "S S"]]:
    """Return x, y and the distance from the centre over a pattern; the marker's radius is 1."""
    y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j].astype(np.float32)
    return x, y, np.hypot(x, y)


def _printed(dark: Float[np.ndarray, "S S"], cover: Float[np.ndarray, "S S"], ink: float) -> Pattern:
    """Return a pattern whose dark parts have the brightness `ink`."""
    level = 1 - dark.astype(np.float32) * (1 - ink)
    return Pattern(np.repeat(level[..., None], 3, axis=2).astype(np.float32), cover.astype(np.float32))


def _ball(rng: np.random.Generator) -> Pattern:
    """Draw a ball: darker at its edge and away from the light, on a dark base or none."""
    x, y, r = _plane()
    dark = np.clip(0.5 * r**3 + rng.uniform(-0.2, 0.2) * x + rng.uniform(0, 0.3) * y, 0, 1)
    if rng.uniform() < 0.4:
        dark = np.where(r > rng.uniform(0.7, 0.85), 0.9, dark)
    return _printed(dark, r < 1, 0.0)


def _cross(rng: np.random.Generator) -> Pattern:
    """Draw a cross of ink, upright or slanted."""
    x, y, r = _plane()
    turn, half = rng.uniform(0, np.pi / 2), rng.uniform(0.1, 0.22)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    return _printed(np.zeros_like(r), ((np.abs(u) < half) | (np.abs(v) < half)) & (r < 1), 1.0)


def _tape(rng: np.random.Generator) -> Pattern:
    """Draw a piece of tape, mostly with a dot or a cross in its middle."""
    x, y, r = _plane()
    mark = np.zeros_like(r)
    if rng.uniform() < 0.7:
        half = rng.uniform(0.1, 0.3)
        mark = (r < half) if rng.uniform() < 0.5 else np.minimum(np.abs(x), np.abs(y)) < 0.4 * half
    return _printed(mark, (np.abs(x) < 0.98) & (np.abs(y) < rng.uniform(0.5, 0.98)), rng.uniform(0, 0.3))


def _tag(rng: np.random.Generator) -> Pattern:
    """Draw a printed tag: a ring with a dot, or a disc in four quarters."""
    x, y, r = _plane()
    if rng.uniform() < 0.5:
        dark = (r < rng.uniform(0.2, 0.4)) | ((r > rng.uniform(0.55, 0.65)) & (r < rng.uniform(0.75, 0.9)))
    else:
        dark = (x * y > 0) & (r < 0.85)
    return _printed(dark, r < 1, rng.uniform(0, 0.2))


_PAPER = ((240, 240, 236), (250, 240, 120), (250, 250, 250), (180, 230, 120), (250, 170, 120))
_INK = ((20, 20, 30), (30, 40, 130), (150, 30, 40), (20, 90, 50))
_KINDS = {
    "sticker": Kind((0.0038, 0.009), (), None, bright=2.5),
    "ball": Kind((0.004, 0.0095), ((235, 235, 235), (190, 190, 190)), _ball, ball=True, bright=3.0),
    "cross": Kind((0.006, 0.012), _INK, _cross),
    "dot": Kind((0.002, 0.004), _INK),
    "tape": Kind((0.006, 0.011), _PAPER, _tape),
    "tag": Kind((0.006, 0.012), _PAPER[:1], _tag),
}
_SHARES = [0.42, 0.2, 0.1, 0.08, 0.1, 0.1]
