"""Movement of the legs: angle curves over the gait cycle, and the placement of the bones on the floor.

The curves follow the usual normative shapes of level walking (Perry, Gait Analysis, 1992), as world angles of each
segment in the sagittal plane. The rear foot is inverted at heel strike, everts to a peak in mid-stance and inverts
towards push-off.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from pipeline.synthetic.anatomy import ANKLE, HIP, KNEE, Leg
from pipeline.synthetic.camera import rotation

_PHASE = np.array([0, 0.08, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.78, 0.86, 0.93, 1.0])
# pitch in degrees: positive moves the lower end back (thigh, shank), or the toes down (foot)
_CURVES = {
    "thigh": [-25, -24, -14, -5, 4, 10, 4, -12, -24, -30, -29, -25],
    "shank": [-20, -10, 2, 7, 13, 22, 40, 50, 38, 6, -17, -20],
    "foot": [-20, -2, 0, 0, 4, 18, 48, 62, 42, 8, -12, -20],
    "eversion": [-0.5, 0.3, 0.85, 1.0, 0.85, 0.3, -0.55, -0.8, -0.6, -0.5, -0.5, -0.5],
}
TOE_OFF = 0.6
"""Phase at which the toes leave the floor; the foot strikes the floor at phase 0."""

_SPLINE = CubicSpline(_PHASE, np.array(list(_CURVES.values()), float).T, bc_type="periodic")


@dataclass(frozen=True)
class Side:
    """Movement of one leg, angles in degrees."""

    eversion_rest: float
    eversion_range: float
    tibia_vara: float
    toe_out: float
    whip: float


@dataclass(frozen=True)
class Gait:
    """The way a person walks or stands.

    Attributes:
        stride_s: Seconds per stride; 0 for a standing person.
        swing: Size of the sagittal movement relative to a normal stride.
        speed: Metres per second over the floor; 0 on a treadmill or standing.
        phase: Phase of the left leg in the cycle at time 0, in [0, 1).
        step_width: Distance between the heels, metres.
        start: Distance from the camera at time 0, metres.
        heading: Direction of the path, radians from straight away from the camera.
        sway: Amplitude of the body's sideways movement, metres.
        heel_raise: Angle by which a standing person rises on the toes and comes down again, degrees.
        turn: Angle by which a standing person turns to and fro, radians.
        sides: Movement of the left and the right leg.
        aside: Distance of the path from the camera's, to the right, metres.
    """

    stride_s: float
    swing: float
    speed: float
    phase: float
    step_width: float
    start: float
    heading: float
    sway: float
    heel_raise: float
    turn: float
    sides: tuple[Side, Side]
    aside: float = 0.0


@dataclass(frozen=True)
class LegPose:
    """One leg at one instant: rotation and displacement of each bone (thigh, shank, foot) from the neutral pose."""

    rotations: Float[np.ndarray, "3 3 3"]
    offsets: Float[np.ndarray, "3 3"]


def draw_side(rng: np.random.Generator) -> Side:
    """Draw the movement of one leg."""
    return Side(
        eversion_rest=rng.normal(5.5, 3.5),
        eversion_range=rng.uniform(4.0, 10.0),
        tibia_vara=rng.normal(4.0, 2.0),
        toe_out=rng.normal(7.0, 4.0),
        whip=rng.normal(0.0, 4.0),
    )


def draw_walk(rng: np.random.Generator, treadmill: bool) -> Gait:
    """Draw a person's walk, away from the camera or in place on a treadmill."""
    stride = rng.uniform(0.95, 1.35)
    swing = rng.uniform(0.65, 1.05)
    return Gait(
        stride_s=stride,
        swing=swing,
        speed=0.0 if treadmill else swing * rng.uniform(0.8, 1.1) / stride,
        phase=rng.uniform(),
        step_width=rng.uniform(0.10, 0.21),
        start=rng.uniform(1.6, 3.0) if treadmill else rng.uniform(1.8, 5.5),
        heading=rng.normal(0, 0.02),
        sway=rng.uniform(0.005, 0.02),
        heel_raise=0.0,
        turn=0.0,
        sides=(draw_side(rng), draw_side(rng)),
    )


def draw_stand(rng: np.random.Generator) -> Gait:
    """Draw the stance of a person whose back is to the camera."""
    return Gait(
        stride_s=0.0,
        swing=0.0,
        speed=0.0,
        phase=0.25,
        step_width=rng.uniform(0.15, 0.26),
        start=rng.uniform(1.0, 1.8),
        heading=0.0,
        sway=rng.uniform(0.005, 0.025),
        heel_raise=float(rng.choice([0.0, rng.uniform(8, 35)], p=[0.6, 0.4])),
        turn=rng.normal(0, 0.15),
        sides=(draw_side(rng), draw_side(rng)),
    )


def poses(gait: Gait, legs: tuple[Leg, Leg], time_s: float) -> tuple[LegPose, LegPose]:
    """Return the poses of both legs at one instant. The lower of the two feet touches the floor."""
    placed = [_hang(gait, leg, time_s) for leg in legs]
    lowest = min(float(_lowest(leg, pose)) for leg, pose in zip(legs, placed, strict=True))
    lift = np.array([0.0, -lowest, 0.0])
    left, right = (LegPose(p.rotations, p.offsets + lift) for p in placed)
    return left, right


def phase_of(gait: Gait, side: int, time_s: float) -> float:
    """Return the phase of a leg's cycle in [0, 1); 0 is its heel strike. A standing leg is in mid-stance."""
    if gait.stride_s == 0:
        return gait.phase
    return float((gait.phase + time_s / gait.stride_s + (0.5 if side > 0 else 0.0)) % 1.0)


def _angles(gait: Gait, leg: Leg, time_s: float) -> tuple[float, float, float, float]:
    """Return the pitch of thigh, shank and foot and the eversion of a leg, degrees."""
    phase = phase_of(gait, leg.side, time_s)
    side = gait.sides[0 if leg.side < 0 else 1]
    if gait.stride_s == 0:
        wobble = float(np.sin(2.1 * time_s + leg.side))
        risen = gait.heel_raise * 0.5 * (1 - float(np.cos(2.6 * time_s)))
        eversion = side.eversion_rest + 0.4 * side.eversion_range * (1 + 0.6 * wobble)
        return -2.0 * wobble, 2.0 * wobble, risen, eversion - 0.2 * risen
    thigh, shank, foot, curve = _SPLINE(phase).tolist()
    return gait.swing * thigh, gait.swing * shank, gait.swing * foot, side.eversion_rest + side.eversion_range * curve


def _hang(gait: Gait, leg: Leg, time_s: float) -> LegPose:
    """Hang the leg from a pelvis that moves along the path. `poses` sets its height later."""
    side = gait.sides[0 if leg.side < 0 else 1]
    thigh, shank, foot, eversion = _angles(gait, leg, time_s)
    phase = phase_of(gait, leg.side, time_s)
    airborne = np.sin(np.pi * np.clip((phase - TOE_OFF) / 0.4, 0, 1)) if gait.stride_s else 0.0
    turn = gait.turn * float(np.sin(1.7 * time_s))
    yaw = np.radians(leg.side * (side.toe_out + airborne * side.whip)) + gait.heading + turn
    vara = np.radians(-leg.side * side.tibia_vara)
    rotations = np.stack(
        [
            rotation(yaw * 0.6, vara * 0.5, np.radians(thigh)),
            rotation(yaw * 0.8, vara, np.radians(shank)),
            rotation(yaw, vara + np.radians(leg.side * eversion), np.radians(foot)),
        ]
    )
    hip, knee, ankle = (np.array([0.0, h * leg.scale, 0.0]) for h in (HIP, KNEE, ANKLE))
    knee_at = hip + rotations[0] @ (knee - hip)
    ankle_at = knee_at + rotations[1] @ (ankle - knee)
    along = gait.start + gait.speed * time_s
    sway = gait.sway * np.sin(2 * np.pi * time_s / (gait.stride_s or 3.0))
    track = leg.side * gait.step_width / 2 * (1 + 0.12 * airborne) + 0.6 * sway + gait.heading * along + gait.aside
    shift = np.array([track - ankle_at[0], 0.0, along])
    offsets = np.stack(
        [
            hip - rotations[0] @ hip + shift,
            knee_at - rotations[1] @ knee + shift,
            ankle_at - rotations[2] @ ankle + shift,
        ]
    )
    return LegPose(rotations, offsets)


def _lowest(leg: Leg, pose: LegPose) -> float:
    """Return the height of the lowest point of the foot, metres."""
    foot = leg.centre[leg.weights[:, 2] > 0.99] @ pose.rotations[2].T + pose.offsets[2]
    return float(foot[:, 1].min())


def skin(
    leg: Leg, pose: LegPose
) -> tuple[Float[np.ndarray, "N 3"], Float[np.ndarray, "N 3"], Float[np.ndarray, "N 3"]]:
    """Return the strip's sections in the world: centres, unit vectors to the patient's right, unit vectors forward."""
    blended = np.einsum("nb,bij->nij", leg.weights, pose.rotations)
    centre = np.einsum("nij,nj->ni", blended, leg.centre) + leg.weights @ pose.offsets
    right, forward = blended[:, :, 0], blended[:, :, 2]
    norm = np.linalg.norm
    return centre, right / norm(right, axis=1, keepdims=True), forward / norm(forward, axis=1, keepdims=True)
