"""The exact signed-rank test against scipy's, against all signs, and its interval."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import rankdata, wilcoxon

from pipeline.scoring.signed_rank import signed_rank_p, typical_difference


@pytest.mark.parametrize("count", [5, 12, 40, 60])
def test_as_scipy_without_ties(count: int) -> None:
    differences = np.random.default_rng(count).normal(-0.4, 1, count)
    expected = wilcoxon(differences, alternative="less", method="exact").pvalue
    assert signed_rank_p(differences) == pytest.approx(expected, rel=1e-9)


def test_ties_and_zeros_are_as_counting_all_signs() -> None:
    differences = np.array([-2.0, 1, -1, 0, 2, -2, -3, 0.5, 0])
    ranks = rankdata(np.abs(differences[differences != 0]))
    reached = ranks[differences[differences != 0] > 0].sum()
    sums = [np.dot(signs, ranks) for signs in product((0, 1), repeat=len(ranks))]
    assert signed_rank_p(differences) == np.mean(np.array(sums) <= reached)


def test_extremes() -> None:
    assert signed_rank_p(-np.arange(1.0, 21)) == 2**-20
    assert signed_rank_p(np.arange(1.0, 21)) == 1
    assert signed_rank_p(np.zeros(5)) == 1


def test_many_pairs_are_close_to_the_exact_test() -> None:
    differences = np.random.default_rng(0).normal(-0.2, 1, 201)
    exact = wilcoxon(differences, alternative="less", method="exact").pvalue
    assert signed_rank_p(differences) == pytest.approx(exact, rel=0.02)


def test_the_interval_has_the_values_that_the_test_does_not_reject() -> None:
    differences = np.random.default_rng(3).standard_t(3, 20) - 0.3
    centre, interval = typical_difference(differences)
    assert interval.low < centre < interval.high
    for end, sign in ((interval.low, 1), (interval.high, -1)):
        outside, inside = end - sign * 1e-6, end + sign * 1e-6
        assert signed_rank_p(-sign * (differences - outside)) <= 0.025 < signed_rank_p(-sign * (differences - inside))
    assert typical_difference(np.array([-1.0, -2]))[1] == (-np.inf, np.inf)
