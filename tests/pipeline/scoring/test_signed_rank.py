"""The exact signed-rank test with limited ranks against a count of all signs, and its interval."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import rankdata

from pipeline.scoring import signed_rank
from pipeline.scoring.signed_rank import signed_rank_p, typical_difference


def limited(differences: np.ndarray) -> np.ndarray:
    return np.minimum(rankdata(np.abs(differences)), np.ceil(0.6 * len(differences)))


def test_it_is_as_counting_all_signs_with_ties_and_zeros() -> None:
    for differences in (np.array([-2.0, 1, -1, 0, 2, -2, -3, 0.5, 0]), np.random.default_rng(1).normal(-0.4, 1, 12)):
        known = differences[differences != 0]
        scores = limited(known)
        sums = np.array(list(product((0, 1), repeat=len(scores)))) @ scores
        assert signed_rank_p(differences) == np.mean(sums <= scores[known > 0].sum())


def test_under_the_null_it_is_exact_whatever_the_sizes() -> None:
    rng = np.random.default_rng(2)
    sizes = rng.standard_t(1.75, 20)
    values = np.array([signed_rank_p(sizes * rng.choice((-1, 1), 20)) for _ in range(4000)])
    for level in (0.01, 0.05, 0.2):
        assert np.mean(values <= level) <= level + 3 * np.sqrt(level * (1 - level) / 4000)


def test_the_size_of_a_large_difference_does_not_count() -> None:
    differences = np.random.default_rng(5).normal(-0.4, 1, 20)
    larger = np.where(np.abs(differences) > np.quantile(np.abs(differences), 0.7), differences * 100, differences)
    assert signed_rank_p(larger) == signed_rank_p(differences)


def test_extremes() -> None:
    assert signed_rank_p(-np.arange(1.0, 21)) == 2**-20
    assert signed_rank_p(np.arange(1.0, 21)) == 1
    assert signed_rank_p(np.zeros(5)) == 1


def test_many_pairs_are_close_to_the_exact_test(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.random.default_rng(0).normal(-0.2, 1, 201)
    about = signed_rank_p(differences)
    monkeypatch.setattr(signed_rank, "_EXACT", 300)
    assert about == pytest.approx(signed_rank_p(differences), rel=0.02)


def test_the_interval_has_the_values_that_the_test_does_not_reject() -> None:
    differences = np.random.default_rng(3).standard_t(3, 20) - 0.3
    centre, interval = typical_difference(differences)
    assert interval.low < centre < interval.high
    for end, sign in ((interval.low, 1), (interval.high, -1)):
        outside, inside = end - sign * 1e-6, end + sign * 1e-6
        assert signed_rank_p(-sign * (differences - outside)) <= 0.025 < signed_rank_p(-sign * (differences - inside))
    assert typical_difference(np.array([-1.0, -2]))[1] == (-np.inf, np.inf)


def test_the_centre_of_symmetric_differences_is_their_centre() -> None:
    differences = np.array([-1.0, 0, 1, 3, -3]) + 0.25
    assert typical_difference(differences)[0] == pytest.approx(0.25)
    assert typical_difference(np.array([2.0]))[0] == 2
