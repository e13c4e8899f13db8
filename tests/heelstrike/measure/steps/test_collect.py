"""Which frames and which legs of them go into steps."""

from dataclasses import replace

import numpy as np
import pytest

from heelstrike.measure.base import Measurement
from heelstrike.measure.build import build_measure, build_steps
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import FootprintSettings, RearfootSettings
from heelstrike.measure.steps.results import Steps
from tests.gaits import walk
from tests.packages import LEFT, RIGHT

NAMES = (*LEFT, *RIGHT)
SETTINGS = RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT)
RADII = Radii(
    level=0.9, subjects=20, difficulty=((0.0, 1.0),), factors=(1.0,) * 6, pooled={}, quantities={"left": 1, "right": 1}
)


def collected(change=None, settings: RearfootSettings = SETTINGS, radii: Radii | None = None) -> Steps:
    """Steps of a walk. `change` gets frame number, keypoints, confidence and measurement and returns the last two."""
    collector = build_steps(settings, NAMES, 0.5, radii)
    measure = build_measure(settings, NAMES, 0.5)
    assert collector is not None and measure is not None
    walked = walk(seconds=4)
    for number, (time, points) in enumerate(zip(walked.time_s, walked.points.reshape(-1, 6, 2), strict=True)):
        confidence = np.full(6, 0.9)
        measurement = measure.measure(points, confidence)
        if change is not None:
            confidence, measurement = change(number, points, confidence, measure)
        collector.add(float(time), points, confidence, np.full(6, 0.5) if radii else None, measurement)
    return collector.steps()


def hidden(number, points, confidence, measure):
    """The right heel is below the threshold in every frame, so no frame is measured as a whole."""
    confidence[5] = 0.1
    return confidence, measure.measure(points, confidence)


def test_a_leg_is_measured_while_a_marker_of_the_other_is_missing() -> None:
    steps = collected(hidden)
    assert steps.legs["left"].values["mid_stance"].mean == pytest.approx(6, abs=0.05)
    assert "mid_stance" not in steps.legs["right"].values
    assert any("no angle at mid-stance of the right leg" in note for note in steps.notes)


def test_half_widths_are_there_also_where_the_frame_was_not_measured() -> None:
    steps = collected(hidden, radii=RADII)
    assert 0.3 < steps.legs["left"].values["mid_stance"].half_width < 3


@pytest.mark.parametrize("reason", ["legs_overlap", "coinciding_markers", "not_found", "a_later_reason"])
def test_frames_whose_markers_may_be_wrong_are_left_out(reason: str) -> None:
    def refuse(number, points, confidence, measure):
        return confidence, measure.refused(reason, "why")

    assert collected(refuse).reason == "no_markers"


@pytest.mark.parametrize("reason", ["not_top_to_bottom", "legs_not_separable", "looks_differ"])
def test_frames_whose_legs_cannot_be_told_apart_show_when_they_move_but_no_angle(reason: str) -> None:
    def refuse(number, points, confidence, measure):
        return confidence, measure.refused(reason, "why")

    refused, measured = collected(refuse), collected()
    assert [event.time_s for event in refused.events] == pytest.approx([event.time_s for event in measured.events])
    assert all("mid_stance" not in leg.values for leg in refused.legs.values())


def test_angles_beyond_the_limit_of_a_reliable_frame_are_left_out() -> None:
    limited = SETTINGS.model_copy(update={"max_uncertainty": 1.0})

    def wide(number, points, confidence, measure):
        measurement = measure.measure(points, confidence)
        return confidence, replace(measurement, half_widths={"left": 5.0, "right": 0.5})

    steps = collected(wide, limited)
    assert "mid_stance" not in steps.legs["left"].values
    assert steps.legs["right"].values["mid_stance"].mean == pytest.approx(3, abs=0.05)
    assert len([event for event in steps.events if event.leg == "left"]) > 4


def test_frames_without_a_time_or_not_after_the_last_are_left_out() -> None:
    collector = build_steps(SETTINGS, NAMES, 0.5, None)
    assert collector is not None
    refused = Measurement("rearfoot_angle", "deg", reason="no_legs", message="why")
    for time in (None, 0.0, 0.0, -1.0, np.nan):
        collector.add(time, np.zeros((6, 2)), np.zeros(6), None, refused)
    assert collector.steps().message is not None and "1 frames" in str(collector.steps().message)


def test_other_measures_have_no_steps() -> None:
    toes = tuple(f"toe{n}" for n in range(1, 6))
    footprint = FootprintSettings(name="footprint", toes=toes, ball_medial="m", ball_lateral="l", heel="h")
    assert build_steps(footprint, (*toes, "m", "l", "h"), 0.5, None) is None
