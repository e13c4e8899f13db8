"""Radii carried to angles and lengths, against the gradients that calculus gives; and when a frame is doubted."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.measure.radii import Radii
from heelstrike.measure.uncertainty import combined_effect, doubts, effects, with_half_widths
from tests.heelstrike.measure.test_footprint import FOOT
from tests.heelstrike.measure.test_footprint import MEASURE as FOOTPRINT
from tests.heelstrike.measure.test_rearfoot import LEFT, LEGS, MEASURE, NAMES, SURE

UNKNOWN = np.array([np.nan])
RADII = Radii(
    level=0.9, subjects=45, difficulty=((1.0, 1.0),), factors=(1.0,) * 6, quantities={"left": 0.5, "right": None}
)


@given(st.floats(-40, 40), st.floats(20, 80), st.floats(20, 80), st.lists(st.floats(0.01, 0.1), min_size=3, max_size=3))
@settings(max_examples=50, deadline=None)
def test_angle_against_its_gradients(bend: float, above: float, below: float, radius: list[float]) -> None:
    """The angle moves by 1 / length with the ends, and with the middle by the sum of both segments' normals."""
    turn = math.radians(bend)
    leg = np.array(
        [(100, 100), (100, 100 + above), (100 - below * math.sin(turn), 100 + above + below * math.cos(turn))]
    )
    frame = np.concatenate([leg, LEGS[3:]])[None]
    middle = math.sqrt(1 / above**2 + 1 / below**2 + 2 * math.cos(turn) / (above * below))
    slopes = np.degrees([1 / above, middle, 1 / below])
    found = effects(MEASURE, frame, np.array([[*radius, 0, 0, 0]]), UNKNOWN)
    assert found[0, 0] == pytest.approx(math.hypot(*(slopes * radius)), rel=0.01)
    assert found[0, 1] == 0


def test_lengths_of_a_footprint_move_as_far_as_their_ends() -> None:
    found = effects(FOOTPRINT, np.array([FOOT, FOOT]), np.full((2, 8), 0.2), np.array([0.5, np.nan]))
    width = FOOTPRINT.quantities.index("ball_width")
    assert found[0, width] == pytest.approx(0.5 * 0.2 * math.sqrt(2), rel=0.01)
    assert np.isnan(found[1, width])  # no scale
    assert found[1, FOOTPRINT.quantities.index("toe_line")] > 0


def test_a_disc_without_limit_spoils_only_what_hangs_on_it() -> None:
    radius = np.array([[1, math.inf, 1, 2, 2, 2.0]])
    left, right = effects(MEASURE, LEGS[None], radius, UNKNOWN)[0]
    assert left == math.inf and 0 < right < 10


def test_a_disc_as_large_as_the_leg_leaves_the_angle_open() -> None:
    (left, _), *_ = effects(MEASURE, LEGS[None], np.full((1, 6), 80.0), UNKNOWN)
    assert left > 150


def test_worst_direction_of_a_linear_quantity() -> None:
    slope = np.array([[3.0, 4.0], [0.0, 0.0]])

    def differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return ((a - b) * slope).sum(axis=(1, 2))[:, None]

    found = combined_effect(differences, np.zeros((1, 2, 2)), np.array([[2.0, math.inf]]))
    assert found[0, 0] == pytest.approx(10, rel=0.005)


def test_half_widths_are_the_factor_times_the_effect_and_null_without_limit() -> None:
    measured = with_half_widths(MEASURE.measure(LEGS, SURE), MEASURE, RADII, LEGS, np.ones(6), math.nan)
    effect = effects(MEASURE, LEGS[None], np.ones((1, 6)), UNKNOWN)[0, 0]
    assert measured.half_widths == {"left": pytest.approx(0.5 * effect), "right": math.inf}
    assert measured.values["left"] == pytest.approx(LEFT)
    shown = json.loads(json.dumps(measured.to_json(), allow_nan=False))
    assert shown["half_widths"] == {"left": pytest.approx(0.5 * effect), "right": None}


def test_nothing_is_promised_of_what_was_refused_or_of_legs_that_changed_names() -> None:
    refused = MEASURE.measure(LEGS, 0 * SURE)
    assert with_half_widths(refused, MEASURE, RADII, LEGS, np.ones(6), math.nan).half_widths == {}
    swapped = LEGS[[3, 4, 5, 0, 1, 2]]
    found = with_half_widths(MEASURE.measure(swapped, SURE), MEASURE, RADII, swapped, np.ones(6), math.nan)
    assert found.warnings and found.half_widths["left"] == math.inf


def test_doubts_name_what_is_too_uncertain_with_numbers() -> None:
    measured = with_half_widths(MEASURE.measure(LEGS, SURE), MEASURE, RADII, LEGS, np.ones(6), math.nan)
    radius = np.array([1, 2.345, math.nan, math.inf, 1, 1])
    assert doubts(NAMES, radius, None, measured, None) == ()
    assert doubts(NAMES, radius, 2.0, measured, None) == (
        "radius of left_ankle 2.35 px, right_shank unknown; at most 2 px is allowed",
    )
    assert doubts(NAMES, None, 2.0, None, None) == (
        "the radius of keypoints is not known: the model was packaged without",
    )
    (said,) = doubts(NAMES, radius, None, measured, 5.0)
    assert said == "right ± unknown; at most 5° is allowed"
    (said,) = doubts(NAMES, radius, None, measured, 0.5)
    assert said.startswith(f"left ± {measured.half_widths['left']:.3g}°, right ± unknown")
    assert doubts(NAMES, radius, None, MEASURE.measure(LEGS, 0 * SURE), 0.5) == ()  # refused, with a reason of its own
