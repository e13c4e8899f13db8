"""What is true of a rendered walk at any instant: the events of each leg, and the places of its markers."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.synthetic.figure import FACING, marker_discs, skin_of
from pipeline.synthetic.gait import TOE_OFF, Gait, poses
from pipeline.synthetic.people import Subject


@dataclass(frozen=True)
class Events:
    """The events of one leg, in seconds from the start of the video.

    Attributes:
        strikes: Times at which the foot strikes the floor.
        toe_offs: Times at which its toes leave the floor.
    """

    strikes: Float[np.ndarray, "S"]
    toe_offs: Float[np.ndarray, "O"]


def events_of(gait: Gait, side: int, seconds: float) -> Events:
    """Return the events of a leg within the first `seconds` of a walk; a standing leg has none.

    Args:
        gait: The walk.
        side: -1 for the left leg, 1 for the right.
        seconds: Length of the video.
    """
    if gait.stride_s == 0:
        return Events(np.empty(0), np.empty(0))
    first = gait.phase + (0.5 if side > 0 else 0.0)  # the phase at time 0, which `phase_of` continues
    cycles = np.arange(-1, np.ceil(seconds / gait.stride_s) + 2)

    def within(phase: float) -> Float[np.ndarray, "N"]:
        times = (cycles + phase - first) * gait.stride_s
        return times[(times >= 0) & (times <= seconds)]

    return Events(within(0.0), within(TOE_OFF))


def markers_at(subject: Subject, time_s: float) -> tuple[Float[np.ndarray, "6 2"], Float[np.ndarray, "6 2"]]:
    """Return the marker centres of both legs at one instant, in pixels of the camera at rest.

    Returns:
        All centres, also of markers that something hides; and the same with NaN for the markers that are turned away
        from the camera or outside the image.
    """
    legs = (subject.legs[0].leg, subject.legs[1].leg)
    discs = [
        disc
        for dressed, leg, pose in zip(subject.legs, legs, poses(subject.gait, legs, time_s), strict=True)
        for disc in marker_discs(subject, dressed, skin_of(leg, pose))
    ]
    points = np.stack([np.full(2, np.nan) if disc is None else disc.points[0] for disc in discs])
    facing = np.array([0.0 if disc is None else disc.facing for disc in discs])
    inside = np.all((points >= 0) & (points <= [subject.camera.width - 1, subject.camera.height - 1]), axis=1)
    return points, np.where((inside & (facing >= FACING))[:, None], points, np.nan)
