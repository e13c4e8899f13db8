"""Walks in closed form: markers of two legs over time, whose events and angles are known exactly."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.measure.angles import signed_rearfoot_angle
from heelstrike.measure.steps.track import SIDES, Track

LEAD, RISE = 0.020, 0.006  # strides by which the shank is shortest before a strike, a leg rises fastest before toe off
TOE_OFF = 0.62  # phase at which the toes leave the floor
MID_STANCE = {"left": 6.0, "right": 3.0}  # angle at the middle of stance, degrees
_INVERTED = 8.0  # degrees less at strike and toe off
_SEGMENT = 60.0  # pixels at the start


@dataclass(frozen=True)
class Walk:
    """A walk with its truth.

    Attributes:
        time_s: Time stamps.
        points: Markers in pixels (frame, leg, marker, xy).
        strikes: True times of the foot strikes, of the left and the right leg.
        toe_offs: True times of the toe offs.
    """

    time_s: Float[np.ndarray, "T"]
    points: Float[np.ndarray, "T 2 3 2"]
    strikes: tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]
    toe_offs: tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]

    @property
    def track(self) -> Track:
        """The walk as it is analysed, without half-widths."""
        return track_of(self.time_s, self.points)


def track_of(time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"]) -> Track:
    """Return markers with their angles as a track without half-widths."""
    angles = np.stack([signed_rearfoot_angle(points[:, leg], side) for leg, side in enumerate(SIDES)], axis=1)
    return Track(time_s, points, angles, np.full((len(time_s), 2), np.nan))


def walk(
    seconds: float = 6.0,
    fps: float = 60.0,
    stride_s: float = 1.1,
    receding: float = 0.08,
    phase: float = 0.3,
    time_s: Float[np.ndarray, "T"] | None = None,
) -> Walk:
    """Return a walk.

    While a leg swings, it rises as a sine whose steepest place is `RISE` strides before toe off; its shank looks
    shortest `LEAD` strides before the strike. The angle is a parabola over stance.

    Args:
        seconds: Length.
        fps: Frames a second.
        stride_s: Duration of a stride.
        receding: Growth of the distance from the camera per second, as a share of that at the start.
        phase: Phase of the left leg at time 0.
        time_s: Time stamps, for uneven ones; `seconds` and `fps` are then not used.
    """
    times = np.arange(round(seconds * fps)) / fps if time_s is None else time_s
    scale = _SEGMENT / (1 + receding * (times - times[0]))
    points = np.empty((len(times), 2, 3, 2))
    strikes, toe_offs = [], []
    for leg, side in enumerate(SIDES):
        cycle = phase + (times / stride_s) + 0.5 * leg
        points[:, leg] = _leg(cycle % 1.0, leg, MID_STANCE[side]) * scale[:, None, None] + [320.0, 240.0]
        whole = np.arange(-1, cycle.max() + 2)
        within = [(whole + at - phase - 0.5 * leg) * stride_s for at in (0.0, TOE_OFF)]
        early, late = ([t for t in one if times[0] <= t <= times[-1]] for one in within)
        strikes.append(np.array(early))
        toe_offs.append(np.array(late))
    return Walk(times, points, (strikes[0], strikes[1]), (toe_offs[0], toe_offs[1]))


def _leg(phase: Float[np.ndarray, "T"], leg: int, mid_stance: float) -> Float[np.ndarray, "T 3 2"]:
    """Return the markers of a leg in lengths of its segment, with the origin between the feet of a standing person."""
    side = -1 if leg == 0 else 1
    before_strike = (phase + LEAD + 0.5) % 1.0 - 0.5
    length = 1 - 0.12 * np.exp(-0.5 * (before_strike / 0.12) ** 2)
    # half a sine: up for as long as down, steepest where it begins
    swing = (phase - (TOE_OFF - RISE)) / 0.2
    lifted = np.where((swing > -0.5) & (swing < 1.5), 0.4 * (1 + np.sin(np.pi * swing)), 0.0)
    share = np.clip(phase / TOE_OFF, 0, 1)
    angle = np.radians(mid_stance - _INVERTED * (2 * share - 1) ** 2)
    ankle = np.stack([np.full_like(phase, 0.9 * side), -0.8 - lifted], axis=1)
    shank = ankle - length[:, None] * [0.0, 1.0]
    heel = ankle + 0.8 * np.stack([side * np.sin(angle), np.cos(angle)], axis=1)
    return np.stack([shank, ankle, heel], axis=1)
