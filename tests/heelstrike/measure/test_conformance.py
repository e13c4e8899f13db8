"""What every registered measure must keep to. A new one needs an example here and passes, or is told why not."""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.build import EXAM_MEASURES, MEASURES, build_exam_measure, build_measure
from heelstrike.measure.exam import Exam, ExamMeasure
from heelstrike.measure.settings import MeasureSettings
from tests import exams
from tests.heelstrike.measure import test_footprint as footprint
from tests.heelstrike.measure import test_rearfoot as rearfoot


@dataclass(frozen=True)
class Example:
    """What a measure measures: settings as in params, the keypoints' names, a frame of them, millimetres per pixel."""

    settings: dict[str, Any]
    names: tuple[str, ...]
    points: np.ndarray
    mm_per_px: float = math.nan


EXAMPLES = {
    "rearfoot_angle": Example(rearfoot.SETTINGS.model_dump(), rearfoot.NAMES, rearfoot.LEGS),
    "footprint": Example(footprint.SETTINGS.model_dump(), footprint.KEYPOINTS, footprint.FOOT + 400, 1.0),
}
EXAM_EXAMPLES = {"scan_volume": exams.SETTINGS}


def settings_of(section: dict[str, Any]) -> MeasureSettings:
    return TypeAdapter[MeasureSettings](MeasureSettings).validate_python(section)


def test_every_registered_measure_has_an_example() -> None:
    assert set(EXAMPLES) == set(MEASURES)
    assert set(EXAM_EXAMPLES) == set(EXAM_MEASURES)


def check_refused(measurement: Measurement) -> None:
    """A code and a sentence, and no number."""
    assert not measurement.measured
    assert measurement.reason is not None and measurement.reason.isidentifier()
    assert measurement.message is not None and " " in measurement.message
    assert measurement.values == {} and measurement.half_widths == {}
    check_json(measurement)


def check_json(measurement: Measurement) -> None:
    content = json.loads(json.dumps(measurement.to_json(), allow_nan=False))
    assert content["measured"] == measurement.measured
    assert set(content["units"]) == set(content["values"])


@pytest.mark.parametrize("name", EXAMPLES)
class TestMeasuresOfImages:
    """Of `Measure`."""

    def build(self, name: str) -> tuple[Measure, Example]:
        example = EXAMPLES[name]
        measure = build_measure(settings_of(example.settings), example.names, 0.5)
        assert measure is not None and measure.name == name
        return measure, example

    def test_its_own_example_is_measured_in_finite_numbers(self, name: str) -> None:
        measure, example = self.build(name)
        found = measure.measure(example.points, np.ones(len(example.names)), example.mm_per_px)
        assert found.measured and found.message is None
        assert list(found.values)[: len(measure.quantities)] == list(measure.quantities)
        assert all(math.isfinite(value) for value in found.values.values())
        check_json(found)

    def test_values_by_name_are_those_that_are_measured(self, name: str) -> None:
        measure, example = self.build(name)
        found = measure.measure(example.points, np.ones(len(example.names)), example.mm_per_px)
        (row,) = measure.values(example.points[None], example.mm_per_px)
        assert found.values == pytest.approx(dict(zip(measure.quantities, row, strict=True)))

    def test_every_quantity_has_a_unit(self, name: str) -> None:
        measure, example = self.build(name)
        assert len(measure.units) == len(measure.quantities) == len(set(measure.quantities))
        assert measure.unit in measure.units
        found = measure.measure(example.points, np.ones(len(example.names)), example.mm_per_px)
        assert [found.unit_of(quantity) for quantity in measure.quantities] == list(measure.units)

    def test_each_missing_point_is_a_reason(self, name: str) -> None:
        measure, example = self.build(name)
        for k in range(len(example.names)):
            unsure, gone = np.ones(len(example.names)), example.points.copy()
            unsure[k], gone[k] = 0.49, np.nan
            check_refused(measure.measure(example.points, unsure, example.mm_per_px))
            check_refused(measure.measure(gone, np.ones(len(example.names)), example.mm_per_px))

    def test_points_without_a_label_are_nan_not_an_error(self, name: str) -> None:
        measure, example = self.build(name)
        batch = np.stack([example.points, np.full_like(example.points, np.nan)])
        values = measure.values(batch, example.mm_per_px)
        assert values.shape == (2, len(measure.quantities))
        assert np.isfinite(values[0]).all() and np.isnan(values[1]).all()
        np.testing.assert_array_equal(np.isnan(measure.errors(batch, batch, example.mm_per_px)), [False, True])

    def test_equal_points_differ_by_nothing(self, name: str) -> None:
        measure, example = self.build(name)
        batch = np.stack([example.points, example.points * 1.02 + 3])
        np.testing.assert_array_equal(measure.differences(batch, batch, example.mm_per_px), 0)
        np.testing.assert_array_equal(measure.errors(batch, batch, example.mm_per_px), 0)

    @given(noise=st.floats(0, 200), seed=st.integers(0, 2**32 - 1))
    def test_any_points_are_measured_or_refused(self, name: str, noise: float, seed: int) -> None:
        measure, example = self.build(name)
        points = example.points + np.random.default_rng(seed).normal(0, noise, example.points.shape)
        found = measure.measure(points, np.ones(len(example.names)), example.mm_per_px)
        check_json(found) if found.measured else check_refused(found)
        assert all(math.isfinite(value) for value in found.values.values())

    def test_labels_and_files_are_of_measured_frames_alone(self, name: str) -> None:
        measure, example = self.build(name)
        found = measure.measure(example.points, np.ones(len(example.names)), example.mm_per_px)
        assert tuple(measure.files(found)) == measure.suffixes
        assert all(suffix.startswith(".") for suffix in measure.suffixes)
        assert all(label.text and np.isfinite(label.point).all() for label in measure.labels(found))
        refused = measure.measure(example.points, np.zeros(len(example.names)), example.mm_per_px)
        assert measure.files(refused) == {} and measure.labels(refused) == ()


@pytest.mark.parametrize("name", EXAM_EXAMPLES)
class TestMeasuresOfExams:
    """Of `ExamMeasure`."""

    def build(self, name: str) -> tuple[ExamMeasure, Exam]:
        measure = build_exam_measure(settings_of(EXAM_EXAMPLES[name]), exams.NAMES, 0.5)
        assert measure is not None and measure.name == name
        exam, _ = exams.exam_of(np.random.default_rng(0))
        return measure, exam

    def test_its_own_example_is_measured_in_finite_numbers(self, name: str) -> None:
        measure, exam = self.build(name)
        found = measure.measure(exam)
        assert found.measured, found.message
        assert set(found.values) <= set(measure.quantities) and measure.quality in measure.quantities
        assert all(math.isfinite(value) for value in found.values.values())
        check_json(found)

    def test_values_are_those_that_are_measured(self, name: str) -> None:
        measure, exam = self.build(name)
        values = dict(zip(measure.quantities, measure.values(exam), strict=True))
        assert measure.measure(exam).values == pytest.approx({k: v for k, v in values.items() if math.isfinite(v)})

    def test_no_point_and_no_place_is_a_reason(self, name: str) -> None:
        measure, exam = self.build(name)
        unsure = Exam(exam.keypoints, np.zeros_like(exam.confidence), exam.placement)
        nowhere = Exam(exam.keypoints, exam.confidence, np.full_like(exam.placement, np.nan))
        for one in (unsure, nowhere):
            check_refused(measure.measure(one))
        assert np.isnan(measure.values(nowhere)).all()

    def test_equal_exams_are_off_by_nothing(self, name: str) -> None:
        measure, exam = self.build(name)
        values = measure.values(exam)
        errors = measure.errors(values, values)
        assert errors.shape == (len(measure.kinds),) == (len(measure.units),)
        np.testing.assert_allclose(errors, 0, atol=1e-6)

    def test_its_files_are_no_inputs(self, name: str) -> None:
        measure, _ = self.build(name)
        assert measure.suffix.startswith(".") and measure.suffix.endswith(".json")
