"""Angles against closed forms, and what they must not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.measure.angles import rearfoot_angle, signed_rearfoot_angle, wrap_degrees

DEGREES = st.floats(-179, 179)
LENGTH = st.floats(5, 500)


def leg_bent_by(degrees: float, upper: float = 100.0, lower: float = 60.0, lean: float = 0.0) -> np.ndarray:
    """A leg whose lower segment is turned towards the image's left by `degrees` from the upper one."""
    directions = np.radians([90 + lean, 90 + lean + degrees])
    steps = np.stack([np.cos(directions), np.sin(directions)], axis=1) * [[upper], [lower]]
    top = np.array([[300.0, 50.0]])
    return np.concatenate([top, top + np.cumsum(steps, axis=0)])


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        ([(0, 0), (0, 10), (0, 20)], 0),
        ([(0, 0), (0, 10), (10, 10)], 90),
        ([(0, 0), (0, 10), (10, 20)], 45),
        ([(0, 0), (0, 10), (0, 0)], 180),
        ([(0, 0), (1, 0), (2, 0)], 0),
        # the directions are 170 and -170 degrees: the difference exceeds pi and is taken from two pi
        ([(0, 0), (-np.cos(np.radians(10)), np.sin(np.radians(10))), (-2 * np.cos(np.radians(10)), 0)], 20),
    ],
)
def test_closed_forms(leg: list[tuple[float, float]], expected: float) -> None:
    assert rearfoot_angle(np.array(leg, float)) == pytest.approx(expected, abs=1e-9)


def test_eversion_is_outward_on_both_sides() -> None:
    heel_to_image_left = np.array([(100.0, 0.0), (100.0, 60.0), (90.0, 120.0)])
    expected = np.degrees(np.arctan(10 / 60))
    assert signed_rearfoot_angle(heel_to_image_left, "left") == pytest.approx(expected)  # outward: eversion
    assert signed_rearfoot_angle(heel_to_image_left, "right") == pytest.approx(-expected)  # inward: inversion


def test_half_a_pixel_on_a_sixty_pixel_segment_is_about_one_degree() -> None:
    straight = np.array([(0.0, 0.0), (0.0, 60.0), (0.0, 120.0)])
    moved = straight + np.array([[0, 0], [0.5, 0], [0, 0]])
    assert rearfoot_angle(moved) == pytest.approx(0.955, abs=1e-3)


def test_over_many_frames_at_once() -> None:
    bends = np.linspace(-60, 60, 25)
    legs = np.stack([leg_bent_by(bend) for bend in bends])
    assert signed_rearfoot_angle(legs, "left") == pytest.approx(bends)
    assert signed_rearfoot_angle(legs.reshape(5, 5, 3, 2), "right") == pytest.approx(-bends.reshape(5, 5))
    assert rearfoot_angle(legs) == pytest.approx(np.abs(bends))


def test_unknown_and_coinciding_points_have_no_angle() -> None:
    legs = np.array([[(0, 0), (np.nan, np.nan), (0, 20)], [(0, 0), (0, 0), (0, 20)], [(0, 0), (0, 5), (0, 20)]], float)
    assert np.isnan(rearfoot_angle(legs)).tolist() == [True, True, False]
    assert np.isnan(signed_rearfoot_angle(legs, "right")).tolist() == [True, True, False]


@given(DEGREES, LENGTH, LENGTH, DEGREES)
def test_any_bend_is_measured_at_any_lean_and_length(bend: float, upper: float, lower: float, lean: float) -> None:
    leg = leg_bent_by(bend, upper, lower, lean)
    assert signed_rearfoot_angle(leg, "left") == pytest.approx(bend, abs=1e-6)
    assert rearfoot_angle(leg) == pytest.approx(abs(bend), abs=1e-6)


@given(DEGREES, st.floats(0.1, 10), DEGREES, st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)))
def test_shift_scale_and_rotation_change_nothing(
    bend: float, scale: float, turn: float, shift: tuple[float, float]
) -> None:
    leg = leg_bent_by(bend)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    moved = leg @ np.array([[c, s], [-s, c]]) * scale + shift
    assert signed_rearfoot_angle(moved, "left") == pytest.approx(float(signed_rearfoot_angle(leg, "left")), abs=1e-6)


@given(DEGREES, DEGREES)
def test_a_mirrored_leg_is_the_other_leg_with_the_same_value(bend: float, lean: float) -> None:
    leg = leg_bent_by(bend, lean=lean)
    mirrored = np.array([639.0, 0.0]) + leg * [-1.0, 1.0]
    assert signed_rearfoot_angle(mirrored, "right") == pytest.approx(
        float(signed_rearfoot_angle(leg, "left")), abs=1e-6
    )


@given(st.floats(-1e4, 1e4))
def test_wrapped_degrees_are_the_same_direction(degrees: float) -> None:
    wrapped = float(wrap_degrees(np.array(degrees)))
    assert -180 <= wrapped <= 180
    assert np.cos(np.radians(wrapped)) == pytest.approx(np.cos(np.radians(degrees)), abs=1e-6)
    assert np.sin(np.radians(wrapped)) == pytest.approx(np.sin(np.radians(degrees)), abs=1e-6)
