"""Bland-Altman numbers by hand."""

import numpy as np
import pytest

from pipeline.scoring.agreement import agreement


def test_by_hand() -> None:
    found = agreement(np.array([1.0, -1.0, 3.0, np.nan]), "deg")
    assert found == {
        "median_deg": 1.0,
        "mean_deg": pytest.approx(5 / 3),
        "p95_deg": pytest.approx(2.8),
        "rmse_deg": pytest.approx(np.sqrt(11 / 3)),
        "bias_deg": 1.0,
        "loa_low_deg": pytest.approx(1 - 1.96 * 2),
        "loa_high_deg": pytest.approx(1 + 1.96 * 2),
    }


def test_limits_hold_95_percent_of_normal_differences() -> None:
    differences = np.random.default_rng(1).normal(0.7, 2.0, (200, 100))
    found = agreement(differences, "deg")
    assert found["bias_deg"] == pytest.approx(0.7, abs=0.06)
    inside = (differences > found["loa_low_deg"]) & (differences < found["loa_high_deg"])
    assert inside.mean() == pytest.approx(0.95, abs=0.01)


def test_no_pairs_and_one_pair() -> None:
    none = agreement(np.array([np.nan]), "deg")
    assert all(np.isnan(v) for v in none.values())
    one = agreement(np.array([2.0]), "deg")
    assert one["bias_deg"] == 2.0 and np.isnan(one["loa_low_deg"]) and one.keys() == none.keys()
