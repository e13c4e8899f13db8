"""The unit in which gates speak of a measurement."""

import pytest
from pydantic import TypeAdapter

from heelstrike.measure.build import unit_of
from heelstrike.measure.settings import MeasureSettings
from tests import exams

_LEGS = {"left": ["a", "b", "c"], "right": ["d", "e", "f"]}
_FOOT = {"toes": ["a", "b", "c", "d", "e"], "ball_medial": "f", "ball_lateral": "g", "heel": "h"}


@pytest.mark.parametrize(
    ("settings", "keypoints", "unit"),
    [
        ({"name": "rearfoot_angle", **_LEGS}, tuple("abcdef"), "deg"),
        ({"name": "footprint", **_FOOT}, tuple("abcdefgh"), "mm"),
        (exams.SETTINGS, exams.NAMES, "mm"),
    ],
    ids=["angle", "lengths", "centre of an exam"],
)
def test_the_unit_is_of_what_the_gate_judges(settings: object, keypoints: tuple[str, ...], unit: str) -> None:
    assert unit_of(TypeAdapter[MeasureSettings](MeasureSettings).validate_python(settings), keypoints) == unit
