"""From markers over time to steps."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from heelstrike.measure.angles import Side
from heelstrike.measure.steps.events import Events, find_events
from heelstrike.measure.steps.results import Event, LegSteps, Steps
from heelstrike.measure.steps.scale import apparent_size, direction_of
from heelstrike.measure.steps.smooth import outliers
from heelstrike.measure.steps.stance import difference, leg_steps, stances
from heelstrike.measure.steps.track import ANKLE, SHANK, SIDES, Track

_MIN_FRAMES, _MIN_RATE = 12, 15.0  # a swing of 0.4 s has six frames at the lowest rate
_SPARSE = 20  # frames that the rate would give for each one that is there; more is a damaged time stamp
_FINE_RATE = 45.0  # frames a second below which the result says how far apart frames are
_JUMP = 0.25  # lengths of the shank's segment: a marker that jumps further and back was another thing
_FEW = 3  # steps below which a note says how few there are

FLAT = (
    "angles are those seen in the image, not of the joint: a foot that points outward or a camera aside changes them; "
    "foot strike and toe off are read from how the markers move, not from contact with the floor"
)
"""The note about two dimensions that every result with steps has."""


def analyse(track: Track) -> Steps:
    """Return the steps of a walk, or the reason why there are none.

    Args:
        track: Markers and angles in each frame.
    """
    refusal = _refusal(track)
    if refusal is not None:
        return refusal
    track = _without_jumps(track)
    size = apparent_size(track.time_s, track.points)
    if size is None:
        return Steps("no_shanks", "no frame shows the shank's and the ankle's marker of a leg")
    events = find_events(track.time_s, track.points, size)
    if not any(len(times) for times in (*events.strikes, *events.toe_offs)):
        return _standing(events, track.points, size)
    steps = stances(track, events)
    legs = leg_steps(steps)
    reason = None if steps else "no_whole_step"
    message = None if steps else "no stance was filmed from foot strike to toe off; film more steps"
    return Steps(
        reason,
        message,
        direction_of(track.time_s, size, events.stride_s),
        _cadence(events),
        _listed(events),
        steps,
        legs,
        difference(steps),
        _notes(track, events, legs) if steps else (),
    )


def _refusal(track: Track) -> Steps | None:
    """Return the reason why no steps are looked for; `None` if they are."""
    count = len(track.time_s)
    if count < _MIN_FRAMES:
        return Steps("too_short", f"{count} frames with a time stamp, at least {_MIN_FRAMES} are needed for a step")
    rate, span = 1 / float(np.median(np.diff(track.time_s))), float(track.time_s[-1] - track.time_s[0])
    if rate < _MIN_RATE:
        return Steps("frame_rate", f"{rate:.3g} frames a second; at least {_MIN_RATE:g} are needed to see a step")
    if span * rate > _SPARSE * count:
        return Steps(
            "gaps", f"{count} frames over {span:.0f} s: most of the walk is missing; cut the video to the walk"
        )
    present = np.isfinite(track.points).all(axis=-1)
    if not present.any():
        return Steps("no_markers", "no frame shows a marker that can be used")
    if not (present[:, 0] & present[:, 1]).any():
        seen = [side for side, one in zip(SIDES, present.any(axis=(0, 2)), strict=True) if one]
        listed = " or ".join(seen) if len(seen) < 2 else "left and right, but never the same marker of both at a time"
        return Steps("one_leg", f"markers of the leg: {listed}; steps are read from both legs together")
    return None


def _standing(events: Events, points: Float[np.ndarray, "T 2 3 2"], size: Float[np.ndarray, "T"]) -> Steps:
    """Return the result of a video without events."""
    if any(len(times) for times in events.swings):
        return Steps("no_event", "a foot rises, but neither a foot strike nor a toe off could be seen; film more steps")
    above = np.abs(points[:, 0, :, 1] - points[:, 1, :, 1]) / size[:, None]
    highest = float(np.where(np.isfinite(above), above, 0).max())
    return Steps(
        "standing",
        "the patient stands, or less than half a stride was filmed: no foot is seen to rise above the other and come "
        f"down again (largest difference in height {highest:.2f} lengths of the shank's segment)",
    )


def _without_jumps(track: Track) -> Track:
    """Return the track without the markers that jump away and back, and without the angles they would give."""
    lengths = np.linalg.norm(track.points[:, :, ANKLE] - track.points[:, :, SHANK], axis=-1)
    if np.isnan(lengths).all():
        return track
    least = float(_JUMP * np.nanmedian(lengths))
    jumps = np.zeros(track.points.shape, bool)
    for index in np.ndindex(2, 3, 2):
        jumps[:, *index] = outliers(track.time_s, track.points[:, *index], least)
    markers = jumps[..., 0] | jumps[..., 1]
    return replace(
        track,
        points=np.where(markers[..., None], np.nan, track.points),
        angle_deg=np.where(markers.any(axis=-1), np.nan, track.angle_deg),
    )


def _listed(events: Events) -> tuple[Event, ...]:
    listed = []
    for leg, side in enumerate(SIDES):
        listed += [Event(side, "strike", float(time)) for time in events.strikes[leg]]
        listed += [Event(side, "toe_off", float(time)) for time in events.toe_offs[leg]]
    return tuple(sorted(listed, key=lambda event: event.time_s))


def _cadence(events: Events) -> float:
    """Return the steps a minute, from the median time between a strike and the next one of the other leg."""
    strikes = sorted((float(time), leg) for leg in (0, 1) for time in events.strikes[leg])
    times = [b - a for (a, leg), (b, other) in pairwise(strikes) if leg != other]
    return 60 / float(np.median(times)) if times else np.nan


def _notes(track: Track, events: Events, legs: dict[Side, LegSteps]) -> tuple[str, ...]:
    notes = [FLAT]
    interval = float(np.median(np.diff(track.time_s)))
    if 1 / interval < _FINE_RATE:
        notes.append(f"frames are {1000 * interval:.0f} ms apart, and events are not known much better than that")
    if events.placed:
        was = "1 strike or toe off was" if events.placed == 1 else f"{events.placed} strikes and toe offs were"
        notes.append(f"{was} not seen well and placed by the usual time on both feet")
    few = [f"{legs[side].steps if side in legs else 0} of the {side} leg" for side in SIDES if _is_few(legs, side)]
    if few:
        notes.append(f"few whole steps were filmed ({', '.join(few)}); a mean over at least {_FEW} is worth more")
    unmeasured = [side for side, leg in legs.items() if "mid_stance" not in leg.values]
    if unmeasured:
        notes.append(f"no angle at mid-stance of the {' and the '.join(unmeasured)} leg could be measured")
    return tuple(notes)


def _is_few(legs: dict[Side, LegSteps], side: Side) -> bool:
    return side not in legs or legs[side].steps < _FEW
