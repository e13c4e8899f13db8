"""What counts as found, off and covered."""

from dataclasses import replace

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.measure.build import build_measure
from heelstrike.measure.settings import RearfootSettings
from heelstrike.predict.frames import FrameResult
from pipeline.package.disturbed.pictures import Picture
from pipeline.package.disturbed.result import to_csv, to_markdown
from pipeline.package.disturbed.tally import Tally, tally_of
from tests.packages import LEFT, RIGHT

MEASURE = build_measure(RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT), (*LEFT, *RIGHT), 0.5)
assert MEASURE is not None
LEGS = np.array([(100, 100), (100, 160), (95, 220), (200, 100), (200, 160), (203, 220)], float)
IMAGE = np.zeros((300, 300, 3), np.uint8)


def tallied(
    points: np.ndarray, truth: np.ndarray, width: float | None, confidence: float = 1, scale: float = 1
) -> Tally:
    assert MEASURE is not None
    sure = np.full(6, confidence)
    measurement = MEASURE.measure(points, sure)
    widths = {} if width is None or not measurement.measured else {"left": width, "right": width}
    result = FrameResult(0, None, Prediction(points, sure), replace(measurement, half_widths=widths), None, ())
    return tally_of(Picture(IMAGE, truth, scale), result, MEASURE, 3, 0.5)


def moved(by: float) -> np.ndarray:
    points = LEGS.copy()
    points[2, 0] += by  # ten pixels turn the left leg by some nine degrees
    return points


@pytest.mark.parametrize(
    ("by", "width", "off", "uncovered"),
    [(0, 1, 0, 0), (2, 0.1, 0, 0), (10, 1, 1, 1), (10, 20, 1, 0), (10, np.inf, 1, 0), (10, None, 1, 1)],
)
def test_a_wrong_value_counts_unless_its_half_width_covers_it(
    by: float, width: float | None, off: int, uncovered: int
) -> None:
    tally = tallied(moved(by), LEGS, width)
    assert (tally.measured, tally.off, tally.uncovered) == (1, off, uncovered)


def test_a_value_measured_over_a_marker_that_is_cut_off_is_judged_by_its_true_place() -> None:
    outside = LEGS - [97, 0]  # the left heel lies at -2
    points = outside.copy()
    points[2] = [12, 220]
    tally = tallied(points, outside, 1)
    assert (tally.over_hidden, tally.off, tally.uncovered) == (1, 1, 1)
    assert (tally.absent, tally.called_present, tally.visible, tally.found) == (1, 1, 5, 5)


def test_whatever_is_measured_where_nothing_is_is_wrong() -> None:
    tally = tallied(LEGS, np.full((6, 2), np.nan), 90)
    assert (tally.measured, tally.off, tally.uncovered, tally.called_present) == (1, 1, 1, 6)


def test_what_is_refused_is_not_off_and_has_a_reason() -> None:
    tally = tallied(moved(10), LEGS, 1, confidence=0.4)
    assert (tally.measured, tally.off, tally.found, tally.reasons) == (0, 0, 0, {"no_legs": 1})


def test_distances_are_in_pixels_of_the_undisturbed_picture() -> None:
    half_a_pixel_beside = LEGS + np.array([0.5, 0])
    tally = tallied(half_a_pixel_beside, LEGS, 1, scale=0.1)
    assert (tally.found, tally.near, tally.far) == (6, 0, 0)
    assert tallied(half_a_pixel_beside, LEGS, 1).near == 6


def test_tallies_add_up_in_table_and_csv() -> None:
    kinds = {"good": tallied(LEGS, LEGS, 1), "bad": tallied(moved(10), LEGS, 1) + tallied(LEGS, LEGS, 1, 0.1)}
    total = kinds["good"] + kinds["bad"]
    assert (total.pictures, total.measured, total.uncovered, total.reasons) == (3, 2, 1, {"no_legs": 1})
    assert total.shares["uncovered_share"] == 0.5
    assert to_markdown(kinds).splitlines()[-1].startswith("| all | 3 | ")
    header, _, bad = to_csv(kinds).splitlines()
    assert dict(zip(header.split(","), bad.split(","), strict=True))["not_measured"] == "no_legs 1"
