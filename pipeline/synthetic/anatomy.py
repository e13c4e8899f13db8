"""A leg seen from behind: a strip of cross-sections from thigh over calf and heel to the sole, hung on three bones.

The strip runs down the posterior midline. Each section has a centre on that line, a half width, and weights of the
bones thigh, shank and foot; a pose moves the sections by linear blend skinning, so that skin and markers bend together
at knee and ankle. Lengths are metres in the neutral pose: origin on the floor below the ankle, x right, y up,
z forward.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

HIP, KNEE, ANKLE = 0.88, 0.475, 0.085
SECTIONS = 120

# Columns: height, z of the posterior midline, half width. Rows: from thigh to heel, then along the sole to the toes.
# The proportions were set by eye and from the photographs of bare legs that the markers were measured on (ankle 70 mm
# wide).
_PROFILE = np.array(
    [
        [0.700, -0.066, 0.070],
        [0.580, -0.058, 0.060],
        [0.490, -0.046, 0.052],
        [0.440, -0.054, 0.054],
        [0.360, -0.066, 0.057],
        [0.290, -0.056, 0.050],
        [0.220, -0.040, 0.040],
        [0.165, -0.033, 0.0345],
        [0.125, -0.033, 0.0335],
        [0.095, -0.036, 0.0370],
        [0.080, -0.039, 0.0375],
        [0.063, -0.044, 0.0340],
        [0.045, -0.051, 0.0345],
        [0.030, -0.055, 0.0355],
        [0.016, -0.053, 0.0335],
        [0.006, -0.046, 0.0285],
        [0.000, -0.036, 0.0225],
        [0.001, 0.010, 0.0300],
        [0.004, 0.060, 0.0320],
        [0.000, 0.125, 0.0460],
        [0.001, 0.170, 0.0440],
        [0.006, 0.195, 0.0300],
        [0.012, 0.205, 0.0020],
    ]
)
_CALF, _ANKLE_ROWS, _HEEL_ROWS = slice(3, 6), slice(9, 11), slice(11, 16)


@dataclass(frozen=True)
class Leg:
    """One leg of one person in the neutral pose.

    Attributes:
        side: -1 for the left leg, 1 for the right.
        scale: Size relative to the profile above.
        t: Position of each section along the strip, 0 to 1.
        centre: Section centres on the posterior midline (N, 3), metres.
        half_width: Half widths (N,), metres.
        weights: Bone weights (N, 3): thigh, shank, foot.
        marker_t: Position along the strip of the shank, ankle and heel marker.
        marker_turn: Angle of each marker around the leg from the midline, radians. It models imperfect placement.
    """

    side: int
    scale: float
    t: Float[np.ndarray, "N"]
    centre: Float[np.ndarray, "N 3"]
    half_width: Float[np.ndarray, "N"]
    weights: Float[np.ndarray, "N 3"]
    marker_t: Float[np.ndarray, "3"]
    marker_turn: Float[np.ndarray, "3"]

    def t_at(self, height: float) -> float:
        """Return the position along the strip at a height above the floor, in metres of the unscaled profile."""
        down = self.centre[:, 1] / self.scale
        last = int(np.argmin(down)) + 1
        return float(np.interp(-height, -down[:last], self.t[:last]))


@dataclass(frozen=True)
class Body:
    """Properties that both legs of a person share: size factors and marker heights (metres)."""

    scale: float
    calf: float
    ankle: float
    heel: float
    marker_heights: Float[np.ndarray, "3"]


def draw_body(rng: np.random.Generator) -> Body:
    """Draw a person's proportions and the places where the clinician puts the markers."""
    return Body(
        scale=rng.uniform(0.9, 1.1),
        calf=rng.uniform(0.85, 1.2),
        ankle=rng.uniform(0.9, 1.15),
        heel=rng.uniform(0.9, 1.15),
        marker_heights=np.array([rng.uniform(0.195, 0.240), rng.uniform(0.102, 0.120), rng.uniform(0.028, 0.040)]),
    )


def make_leg(body: Body, side: int, shod: float, rng: np.random.Generator) -> Leg:
    """Make one leg of a person.

    Args:
        body: Properties of both legs.
        side: -1 for the left leg, 1 for the right.
        shod: Thickness of a shoe around the foot in metres, 0 for a bare foot.
        rng: Source of the small differences between the legs.
    """
    profile = _PROFILE.copy()
    for rows, factor in ((_CALF, body.calf), (_ANKLE_ROWS, body.ankle), (_HEEL_ROWS, body.heel)):
        profile[rows, 2] *= factor * rng.uniform(0.98, 1.02)
    profile *= body.scale
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(profile[:, :2], axis=0), axis=1))])
    t = arc / arc[-1]
    dense = np.sort(np.concatenate([np.linspace(0, 1, SECTIONS // 2), np.linspace(0.55, 0.82, SECTIONS // 2)]))
    y, z, width = PchipInterpolator(t, profile)(dense).T
    relative = y / body.scale
    foot = np.where(dense > 0.5, np.clip((0.104 - relative) / 0.034, 0, 1), 0.0)
    thigh = np.clip((relative - 0.43) / 0.11, 0, 1)
    shoe = shod * np.clip((0.075 - relative) / 0.004, 0, 1)
    z = z - np.where(z < 0.02, shoe * 0.8, -shoe)
    leg = Leg(
        side=side,
        scale=body.scale,
        t=dense,
        centre=np.stack([np.zeros_like(y), y - shoe * np.clip(1 - relative / 0.03, 0, 1), z], axis=1),
        half_width=width + shoe,
        weights=np.stack([thigh, (1 - thigh) * (1 - foot), foot], axis=1),
        marker_t=np.zeros(3),
        marker_turn=rng.normal(0, 0.05, 3),
    )
    heights = body.marker_heights + rng.normal(0, 0.002, 3)
    return Leg(**{**leg.__dict__, "marker_t": np.array([leg.t_at(h) for h in heights])})
