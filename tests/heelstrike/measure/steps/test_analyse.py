"""Steps of walks in closed form, whose events and angles are known."""

from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.measure.steps.analyse import FLAT, analyse
from heelstrike.measure.steps.results import Steps
from heelstrike.measure.steps.track import SIDES, Track
from tests.gaits import MID_STANCE, Walk, track_of, walk

END_S = 0.3


def late_ms(walked: Walk, steps: Steps) -> Float[np.ndarray, "N"]:
    """Milliseconds from every true event, but those near the ends, to the nearest that was found."""
    late = []
    for leg, side in enumerate(SIDES):
        for kind, times in (("strike", walked.strikes[leg]), ("toe_off", walked.toe_offs[leg])):
            found = np.array([e.time_s for e in steps.events if e.leg == side and e.kind == kind])
            inner = times[(times > walked.time_s[0] + END_S) & (times < walked.time_s[-1] - END_S)]
            late += [1000 * np.abs(found - time).min() for time in inner]
    return np.array(late)


@pytest.mark.parametrize("fps", [25, 30, 60, 120])
@pytest.mark.parametrize(("receding", "direction"), [(0.08, "away"), (0.0, "in_place"), (-0.05, "towards")])
def test_events_cadence_direction_and_angles(fps: float, receding: float, direction: str) -> None:
    walked = walk(fps=fps, receding=receding)
    steps = analyse(walked.track)
    assert late_ms(walked, steps).max() < 5
    assert steps.reason is None and steps.direction == direction
    assert steps.cadence == pytest.approx(120 / 1.1, abs=0.5)
    for side, leg in steps.legs.items():
        assert leg.steps >= 4
        assert leg.values["mid_stance"].mean == pytest.approx(MID_STANCE[side], abs=0.05)
        assert leg.values["stance"].mean == pytest.approx(0.62 * 1.1, abs=0.01)
        assert leg.values["swing"].mean == pytest.approx(0.38 * 1.1, abs=0.01)
        assert leg.curve_deg[0] == pytest.approx(MID_STANCE[side] - 8, abs=1)
        assert leg.curve_deg[50] == pytest.approx(MID_STANCE[side], abs=0.3)
    assert steps.difference["mid_stance"].mean == pytest.approx(3, abs=0.05)
    assert steps.notes[0] == FLAT


@pytest.mark.parametrize("stride_s", [0.8, 1.4, 2.0])
def test_slow_and_fast_walks(stride_s: float) -> None:
    walked = walk(seconds=5 * stride_s, stride_s=stride_s)
    steps = analyse(walked.track)
    assert late_ms(walked, steps).max() < 25
    assert steps.cadence == pytest.approx(120 / stride_s, rel=0.01)


def test_later_larger_and_mirrored_walks_have_the_same_steps() -> None:
    walked = walk()
    plain = analyse(walked.track)
    later = analyse(track_of(walked.time_s + 100, walked.points))
    assert [e.time_s for e in later.events] == pytest.approx([e.time_s + 100 for e in plain.events], abs=1e-3)
    larger = analyse(track_of(walked.time_s, 3 * walked.points + [50, -20]))
    assert [e.time_s for e in larger.events] == pytest.approx([e.time_s for e in plain.events], abs=1e-4)
    mirrored = analyse(track_of(walked.time_s, [640, 0] + [-1, 1] * walked.points[:, ::-1]))
    other = {"left": "right", "right": "left"}
    expected = [(other[e.leg], e.kind, round(e.time_s, 3)) for e in plain.events]
    assert [(e.leg, e.kind, round(e.time_s, 3)) for e in mirrored.events] == expected
    left, right = (plain.legs[side].values["mid_stance"].mean for side in SIDES)
    assert [mirrored.legs[side].values["mid_stance"].mean for side in SIDES] == pytest.approx([right, left], abs=1e-6)


def test_uneven_time_stamps_and_missing_frames() -> None:
    rng = np.random.default_rng(1)
    even = np.arange(0, 6, 1 / 60)
    times = np.sort((even + rng.uniform(0, 0.008, len(even)))[rng.uniform(size=len(even)) > 0.25])
    walked = walk(time_s=times)
    assert late_ms(walked, analyse(walked.track)).max() < 15


def test_gaps_leave_out_what_lies_in_them_and_nothing_else() -> None:
    walked = walk()
    hidden = (walked.time_s > 2.0) & (walked.time_s < 3.2)
    points = np.where(hidden[:, None, None, None], np.nan, walked.points)
    steps = analyse(track_of(walked.time_s, points))
    whole = analyse(walked.track)
    times = [event.time_s for event in steps.events]
    assert not [time for time in times if 2.2 < time < 3.0]
    assert all(min(abs(time - event.time_s) for event in whole.events) < 0.02 for time in times)
    assert len(times) >= len(whole.events) - 6
    assert not [step for step in steps.steps if step.strike_s < 2.0 and step.toe_off_s > 3.2]


def test_markers_of_the_swinging_heel_may_be_turned_away() -> None:
    walked = walk()
    points = walked.points.copy()
    for leg in (0, 1):
        phase = (0.3 + walked.time_s / 1.1 + 0.5 * leg) % 1.0
        points[(phase > 0.64) & (phase < 0.78), leg, 2] = np.nan
    steps = analyse(track_of(walked.time_s, points))
    assert late_ms(walked, steps).max() < 10
    assert steps.legs["left"].values["mid_stance"].mean == pytest.approx(6, abs=0.05)


def test_an_event_that_is_not_seen_is_placed_by_the_usual_time_on_both_feet() -> None:
    walked = walk()
    points = walked.points.copy()
    hidden = np.abs(walked.time_s - walked.strikes[0][2]) < 0.2
    points[hidden, 0, 0] = np.nan
    steps = analyse(track_of(walked.time_s, points))
    assert late_ms(walked, steps).max() < 10
    assert "1 strike or toe off was not seen well and placed by the usual time on both feet" in steps.notes
    assert not any("placed" in note for note in analyse(walked.track).notes)


def test_an_ankle_that_is_smeared_while_the_leg_rises_does_not_move_toe_off() -> None:
    walked = walk()
    points = walked.points.copy()
    for leg in (0, 1):
        for time in walked.toe_offs[leg]:
            points[np.abs(walked.time_s - time - 0.05) < 0.08, leg, 1] = np.nan
    assert late_ms(walked, analyse(track_of(walked.time_s, points))).max() < 20


def test_markers_that_flicker_are_enough() -> None:
    walked, rng = walk(), np.random.default_rng(4)
    points = walked.points.copy()
    points[rng.uniform(size=points.shape[:3]) < 0.4] = np.nan
    assert late_ms(walked, analyse(track_of(walked.time_s, points))).max() < 2000 / 60


def test_noise_and_markers_that_jump() -> None:
    walked, rng = walk(seconds=10, receding=0.03), np.random.default_rng(2)
    points = walked.points + 0.5 * rng.standard_normal(walked.points.shape)
    for frame in rng.integers(0, len(points), 20):
        points[frame, rng.integers(2), rng.integers(3)] += 80
    steps = analyse(track_of(walked.time_s, points))
    assert np.mean(late_ms(walked, steps) < 2000 / 60) >= 0.95
    assert steps.legs["left"].values["mid_stance"].mean == pytest.approx(6, abs=0.5)


@pytest.mark.parametrize(
    ("change", "reason", "message"),
    [
        (lambda walked: track_of(walked.time_s[:8], walked.points[:8]), "too_short", "8 frames"),
        (lambda walked: track_of(10 * walked.time_s, walked.points), "frame_rate", "6 frames a second"),
        (lambda walked: track_of(np.append(walked.time_s[:-1], 1e9), walked.points), "gaps", "over 1000000000 s"),
        (lambda walked: track_of(walked.time_s, np.nan * walked.points), "no_markers", "no frame shows a marker"),
        (lambda walked: _without_leg(walked, 1), "one_leg", "markers of the leg: left"),
        (lambda walked: track_of(walked.time_s, np.repeat(walked.points[:1], 360, axis=0)), "standing", "stands"),
        (lambda walked: _without_row(walked, 0), "no_shanks", "the shank's and the ankle's marker"),
        (lambda walked: track_of(walked.time_s[:66], walked.points[:66]), "no_event", "film more steps"),
        (lambda walked: _without_row(walked, 0, 8), "no_whole_step", "film more steps"),
    ],
)
def test_why_there_are_no_steps(change, reason: str, message: str) -> None:
    steps = analyse(change(walk()))
    assert steps.reason == reason
    assert steps.message is not None and message in steps.message
    assert not steps.steps and not steps.legs


def _without_leg(walked: Walk, leg: int) -> Track:
    points = walked.points.copy()
    points[:, leg] = np.nan
    return track_of(walked.time_s, points)


def _without_row(walked: Walk, row: int, first: int = 0) -> Track:
    points = walked.points.copy()
    points[first:, :, row] = np.nan
    return track_of(walked.time_s, points)


def test_a_person_who_rises_on_both_toes_does_not_walk() -> None:
    walked = walk()
    still = np.repeat(walked.points[:1], len(walked.time_s), axis=0)
    still[..., 2, 1] -= 20 * (1 - np.cos(3 * walked.time_s))[:, None]
    assert analyse(track_of(walked.time_s, still)).reason == "standing"


def test_half_widths_of_frames_widen_those_of_steps() -> None:
    walked = walk()
    plain = analyse(walked.track)
    wide = analyse(replace(walked.track, half_width_deg=np.full((len(walked.time_s), 2), 1.5)))
    without_limit = analyse(replace(walked.track, half_width_deg=np.full((len(walked.time_s), 2), np.inf)))
    assert plain.legs["left"].values["mid_stance"].half_width < 0.01
    assert wide.legs["left"].values["mid_stance"].half_width == pytest.approx(1.5, abs=0.01)
    assert wide.difference["mid_stance"].half_width == pytest.approx(1.5 * 2**0.5, abs=0.01)
    assert wide.steps[0].half_widths["range"] == pytest.approx(1.5 * 2**0.5)
    assert without_limit.legs["left"].values["mid_stance"].half_width == np.inf
    assert without_limit.to_json()["legs"]["left"]["values"]["mid_stance"]["half_width"] is None


def test_few_steps_are_noted() -> None:
    steps = analyse(walk(seconds=2.2).track)
    assert "few whole steps were filmed" in steps.notes[1]
    assert any(np.isnan(leg.values["mid_stance"].half_width) for leg in steps.legs.values() if leg.steps == 1)


@pytest.mark.parametrize(
    ("times", "points", "message"),
    [
        (np.array([0.0, 0.1, 0.1]), np.zeros((3, 2, 3, 2)), "time_s does not rise"),
        (np.array([0.0, np.nan, 0.1]), np.zeros((3, 2, 3, 2)), "time_s does not rise"),
        (np.arange(3.0), np.zeros((2, 2, 3, 2)), r"points has the shape \(2, 2, 3, 2\), expected \(3, 2, 3, 2\)"),
    ],
)
def test_bad_input(times, points, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Track(times, points, np.zeros((len(times), 2)), np.zeros((len(times), 2)))
