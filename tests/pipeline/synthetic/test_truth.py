"""What the renderer says of a walk, and the steps that are found in it."""

from dataclasses import replace

import numpy as np
import pytest

from heelstrike.measure.steps.analyse import analyse
from heelstrike.measure.steps.track import SIDES
from pipeline.synthetic.gait import TOE_OFF, phase_of
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.truth import events_of, markers_at
from tests.gaits import track_of

SMALL = SyntheticSource(kind="synthetic", width=160, height=120)


def test_events_are_at_their_phases() -> None:
    gait = make_subject(SMALL, 0).gait
    for side in (-1, 1):
        events = events_of(gait, side, 6.0)
        phases = np.array([phase_of(gait, side, time) for time in events.strikes])
        assert np.abs((phases + 0.5) % 1 - 0.5).max() < 1e-9
        assert [phase_of(gait, side, time) for time in events.toe_offs] == pytest.approx(
            [TOE_OFF] * len(events.toe_offs)
        )
        assert np.diff(events.strikes) == pytest.approx(gait.stride_s)
        assert abs(len(events.strikes) - 6.0 / gait.stride_s) < 1


def test_markers_are_where_the_labels_are() -> None:
    subject = replace(make_subject(SMALL, 0), shake=0.0, shutter=0.001, rails=(), behind=None, frames=3, fps=10)
    for number, (_, label) in enumerate(render(subject)):
        every, visible = markers_at(subject, number / 10)
        assert np.isfinite(every).all()
        known = np.isfinite(label)
        np.testing.assert_allclose(visible[known], label[known], atol=0.05)


def test_a_longer_video_is_of_the_same_person() -> None:
    short, long = make_subject(SMALL, 0), make_subject(SMALL, 0, 6.0)
    assert long.gait == short.gait and long.frames == round(6.0 * long.fps)


def test_steps_of_rendered_people() -> None:
    """The goal, on few people; benchmarks/steps.py has more."""
    settings = SyntheticSource(kind="synthetic", seed=77)
    times, seconds = np.arange(0, 4, 1 / 60), 4.0
    late, off = [], []
    for index in range(3):
        subject = make_subject(settings, index, seconds)
        points = np.stack([markers_at(subject, time)[1] for time in times]).reshape(-1, 2, 3, 2)
        steps = analyse(track_of(times, points))
        if subject.gait.stride_s == 0:
            assert steps.reason == "standing"
            continue
        assert steps.direction == {"walk": "away", "treadmill": "in_place"}[subject.slices["view"]]
        for leg, side in enumerate(SIDES):
            events = events_of(subject.gait, -1 if leg == 0 else 1, seconds)
            for kind, true in (("strike", events.strikes), ("toe_off", events.toe_offs)):
                found = np.array([e.time_s for e in steps.events if e.leg == side and e.kind == kind])
                late += [np.abs(found - t).min(initial=9) for t in true if 0.3 < t < seconds - 0.3]
            for step in (step for step in steps.steps if step.leg == side):
                middle = (step.strike_s + step.toe_off_s) / 2
                truth = track_of(np.zeros(1), markers_at(subject, middle)[0].reshape(1, 2, 3, 2)).angle_deg[0, leg]
                off.append(step.values["mid_stance"] - truth)
    assert np.mean(np.array(late) <= 2 / 60) >= 0.95
    assert np.nanmax(np.abs(off)) < 1
