"""The measurement of a frame: values where there are two legs, a reason where there are not."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.heads.prediction import Refusal
from heelstrike.measure.build import build_measure
from heelstrike.measure.settings import RearfootSettings
from heelstrike.reasons import Reason

NAMES = ("left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel")
SETTINGS = RearfootSettings(name="rearfoot_angle", left=NAMES[:3], right=NAMES[3:])
MEASURE = build_measure(SETTINGS, NAMES, 0.5)
SURE = np.ones(6)

#: left everted by atan(10/60), right inverted by atan(6/60)
LEGS = np.array([(100, 100), (100, 160), (90, 220), (200, 100), (200, 160), (194, 220)], float)
LEFT, RIGHT = np.degrees(np.arctan(10 / 60)), -np.degrees(np.arctan(6 / 60))


def test_both_legs_are_measured_and_said_which_way() -> None:
    result = MEASURE.measure(LEGS, SURE)
    assert result.measured and result.warnings == ()
    assert result.values == pytest.approx({"left": LEFT, "right": RIGHT})
    shown = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert shown["legs"]["left"] | {"points": None} == {
        "points": None,
        "angle_deg": pytest.approx(LEFT),
        "signed_deg": pytest.approx(LEFT),
        "direction": "eversion",
    }
    assert shown["legs"]["right"]["direction"] == "inversion"
    assert shown["legs"]["right"]["angle_deg"] == pytest.approx(-RIGHT)
    assert shown["legs"]["right"]["points"] == LEGS[3:].tolist()
    assert (shown["reason"], shown["message"], shown["unit"], shown["name"]) == (None, None, "deg", "rearfoot_angle")


def refused(points: np.ndarray, confidence: np.ndarray = SURE) -> tuple[str, str]:
    result = MEASURE.measure(points, confidence)
    assert not result.measured and result.values == {} and "legs" not in result.to_json()
    assert result.reason is not None and result.message is not None
    return result.reason, result.message


@pytest.mark.parametrize(
    ("missing", "reason", "message"),
    [
        ([0, 1, 2, 3, 4, 5], "no_legs", "no markers found"),
        ([3, 4, 5], "one_leg", "only the left leg is in view"),
        ([0, 1, 2, 3], "one_leg", "only the right leg is in view, with two markers; three are needed on each leg"),
        ([5], "missing_marker", "two markers on the right leg, three are needed (not found: right heel)"),
        (
            [0, 3, 4],
            "missing_marker",
            "two markers on the left leg and one marker on the right leg, three are needed on each "
            "(not found: left shank, right shank, right ankle)",
        ),
    ],
)
def test_a_frame_that_lacks_markers_says_how_many_are_on_which_leg(
    missing: list[int], reason: str, message: str
) -> None:
    confidence = SURE.copy()
    confidence[missing] = 0.49
    assert refused(LEGS, confidence) == (reason, message)
    counts = {"left": 3 - sum(k < 3 for k in missing), "right": 3 - sum(k > 2 for k in missing)}
    assert MEASURE.measure(LEGS, confidence).to_json()["markers"] == counts


def test_a_marker_without_a_position_is_missing() -> None:
    points = LEGS.copy()
    points[4] = np.nan
    assert refused(points)[0] == "missing_marker"


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            Refusal(Reason.NOT_FOUND, "nowhere"),
            "two markers on the left leg, three are needed (not found: left heel): nowhere",
        ),
        (Refusal(Reason.TOO_SMALL, "they are 9 px high"), "the legs are too small to be measured: they are 9 px high"),
    ],
)
def test_markers_that_are_not_believed_say_which_are_left(refusal: Refusal, message: str) -> None:
    result = MEASURE.refusal(refusal, LEGS, np.array([1, 1, 0, 1, 1, 1]))
    assert (result.reason, result.message) == (refusal.reason, message)


def moved(**by: tuple[float, float]) -> np.ndarray:
    points = LEGS.copy()
    for name, to in by.items():
        points[NAMES.index(name)] = to
    return points


@pytest.mark.parametrize(
    ("points", "reason", "said"),
    [
        (
            moved(right_shank=(110, 100), right_ankle=(112, 110)),
            "legs_not_separable",
            "the markers of the legs could not be told apart: they cluster 1 and 5",
        ),
        (moved(left_ankle=(100, 104)), "segment_ratio", "the left leg's segments are 4.0"),
        (moved(left_ankle=(100, 90)), "not_top_to_bottom", "left_ankle, left_shank, left_heel"),
        (moved(left_ankle=(100, 130), left_heel=(98, 147)), "leg_ratio", "47.1 and 120.3 px"),
        (moved(left_heel=(30, 175)), "angle_limit", "the left leg's angle would be 77.9 degrees"),
        (LEGS + np.repeat([[0, 0], [0, 125]], 3, axis=0), "legs_not_side_by_side", "above"),
        (LEGS * [0.05, 1], "legs_overlap", "only 5.0 px apart"),
        (np.full((6, 2), 7.0), "legs_not_separable", "one column"),
        (moved(left_ankle=(100, 100)), "coinciding_markers", "same place"),
        (moved(left_ankle=(203, 222), right_heel=(100, 161)), "not_top_to_bottom", "left_shank, right_heel, left_heel"),
    ],
)
def test_implausible_geometry(points: np.ndarray, reason: str, said: str) -> None:
    found, message = refused(points)
    assert found == reason
    assert said in message


def test_names_on_the_wrong_side_are_reported_and_the_position_decides() -> None:
    swapped = LEGS[[3, 4, 5, 0, 1, 2]]
    result = MEASURE.measure(swapped, SURE)
    assert result.values == pytest.approx({"left": LEFT, "right": RIGHT})
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("sides_disagree: right_shank is on the left leg")
    one = MEASURE.measure(LEGS[[0, 4, 2, 3, 1, 5]], SURE)
    assert one.values == pytest.approx({"left": LEFT, "right": RIGHT})
    assert one.warnings == ("sides_disagree: right_ankle is on the left leg; left_ankle is on the right leg",)


@given(
    st.floats(-25, 25),
    st.floats(-25, 25),
    st.floats(0.3, 1.5),
    st.floats(-0.15, 0.15),
)
def test_walking_legs_are_told_apart_and_mirrored_legs_change_places(
    left: float, right: float, gap: float, step: float
) -> None:
    """`gap` and `step` are the legs' distance and difference in height, in lengths of a leg."""

    def leg(x: float, y: float, everted: float) -> np.ndarray:
        turn = np.radians(90 + everted)
        return np.array([(x, y), (x, y + 60), (x + 60 * np.cos(turn), y + 60 + 60 * np.sin(turn))])

    points = np.concatenate([leg(300, 100, left), leg(300 + 120 * gap + 51, 100 + 120 * step, -right)])
    values = MEASURE.measure(points, SURE).values
    assert values == pytest.approx({"left": left, "right": right}, abs=1e-6)
    mirrored = (points * [-1, 1] + [639, 0])[[3, 4, 5, 0, 1, 2]]
    assert MEASURE.measure(mirrored, SURE).values == pytest.approx({"left": right, "right": left}, abs=1e-6)


def test_errors_are_per_image_over_the_legs_that_are_labelled() -> None:
    truth = np.stack([LEGS, LEGS, LEGS])
    truth[1, 0] = np.nan
    truth[2, [1, 4]] = np.nan
    predicted = np.stack([LEGS, LEGS, LEGS])
    predicted[:, 2] += [10, 0]  # the left leg reads straight
    differences = MEASURE.differences(predicted, truth)
    assert differences[0] == pytest.approx([-LEFT, 0])
    errors = MEASURE.errors(predicted, truth)
    assert errors[:2] == pytest.approx([LEFT / 2, 0])
    assert np.isnan(errors[2])


def test_other_keypoints_in_between_do_not_matter() -> None:
    names = ("nose", *NAMES[::-1], "tail")
    points = np.concatenate([[(0, 0)], LEGS[::-1], [(5, 5)]])
    result = build_measure(SETTINGS, names, 0.5).measure(points, np.concatenate([[0], SURE, [0]]))
    assert result.values == pytest.approx({"left": LEFT, "right": RIGHT})


def test_each_angle_is_written_beside_the_outer_side_of_its_ankle() -> None:
    result = MEASURE.measure(LEGS, SURE)
    left, right = MEASURE.labels(result)
    assert (left.text, left.point, left.side) == (f"{LEFT:.1f}° eversion", LEGS[1].tolist(), "left")
    assert (right.text, right.point, right.side) == (f"{-RIGHT:.1f}° inversion", LEGS[4].tolist(), "right")
    wide = dataclasses.replace(result, half_widths={"left": 1.24, "right": np.inf})
    assert [label.text for label in MEASURE.labels(wide)] == [f"{LEFT:.1f} ± 1.2° eversion", right.text]
    assert MEASURE.labels(MEASURE.measure(LEGS, 0 * SURE)) == ()
