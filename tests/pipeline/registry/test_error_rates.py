"""The error rates that docs/promotion.md promises, on a few simulated years (benchmarks/promotion.py has many)."""

import numpy as np
import pytest

from benchmarks.promotion import RULES, simulate
from pipeline.registry.spending import needed_confidence, people_needed


def test_all_comparisons_together_keep_the_confidence() -> None:
    shares = [(1 - needed_confidence(0.95, uses)) / 0.05 for uses in range(100_000)]
    assert np.sum(shares) == pytest.approx(1, abs=1e-4) and np.sum(shares) < 1
    assert np.all(np.diff(shares) < 0)
    assert needed_confidence(0.95, 14) == pytest.approx(0.99951, abs=1e-5)


def test_people_needed() -> None:
    assert [people_needed(confidence) for confidence in (0.5, 0.75, 0.8, 0.9875, 0.99951)] == [1, 2, 3, 7, 11]


def test_years_of_useless_candidates_and_months_of_better_ones() -> None:
    new = simulate(RULES["new"], people=20, years=60, seed=3)
    assert new.false_promotion <= 0.07
    assert new.promoted >= 0.75
    assert new.promoted_late >= 0.7
    assert new.good_refused <= 0.05
    old = simulate(RULES["old"], people=20, years=20, seed=3)
    assert old.false_promotion >= 0.4
