"""Estimates over few steps."""

import math

import numpy as np
import pytest

from heelstrike.measure.steps.statistics import difference_of, mean_of, student_t

UNKNOWN = np.full(9, np.nan)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (4, 2.776), (4.9, 2.776), (30, 2.042), (40, 2.021), (120, 1.980)]
)
def test_students_t_is_that_of_the_tables(freedom: float, quantile: float) -> None:
    assert student_t(freedom) == pytest.approx(quantile, abs=0.001)


def test_no_degree_of_freedom_has_no_quantile() -> None:
    assert math.isnan(student_t(0)) and math.isnan(student_t(math.nan))


def test_mean_of_five_steps() -> None:
    estimate = mean_of(np.array([3.0, 4.0, np.nan, 5.0, 6.0, 7.0]), UNKNOWN[:6])
    assert estimate is not None
    assert (estimate.mean, estimate.steps) == (5, 5)
    assert estimate.sd == pytest.approx(math.sqrt(2.5))
    assert estimate.half_width == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5))


def test_half_widths_do_not_shrink_with_the_number_of_steps() -> None:
    one, many = (mean_of(np.tile([3.0, 3.0], n), np.full(2 * n, 0.8)) for n in (1, 50))
    assert one is not None and many is not None
    assert [one.half_width, many.half_width] == pytest.approx([0.8, 0.8])


def test_one_step_has_a_mean_and_nothing_else() -> None:
    estimate = mean_of(np.array([3.0]), np.array([0.5]))
    assert estimate is not None
    assert estimate.to_json() == {"mean": 3.0, "sd": None, "half_width": None, "steps": 1}
    assert mean_of(UNKNOWN, UNKNOWN) is None


def test_difference_is_that_of_welchs_test() -> None:
    left, right = np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0, 6.0])
    estimate = difference_of(left, right, (UNKNOWN[:3], UNKNOWN[:4]))
    assert estimate is not None
    a, b = 1 / 3, np.var(right, ddof=1) / 4
    freedom = (a + b) ** 2 / (a**2 / 2 + b**2 / 3)
    assert (estimate.mean, estimate.steps) == (3, 3)
    assert estimate.half_width == pytest.approx(student_t(freedom) * math.sqrt(a + b))
    assert difference_of(left, UNKNOWN, (UNKNOWN[:3], UNKNOWN)) is None


def test_intervals_hold_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(2000):
        estimate = mean_of(rng.normal(4, 2, 4), UNKNOWN[:4])
        assert estimate is not None
        hits += abs(estimate.mean - 4) <= estimate.half_width
    assert hits / 2000 == pytest.approx(0.95, abs=0.015)
