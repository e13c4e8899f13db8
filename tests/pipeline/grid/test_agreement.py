"""Rank correlations and their intervals against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.grid.agreement import agree, kendall, spearman
from pipeline.grid.image_errors import ImageErrors

ranked = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=9)


def test_rank_correlation_of_known_orders() -> None:
    published = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    agreement = agree(published, np.array([10.0, 30.0, 20.0, 40.0, 5.0]))
    assert agreement.rows == 4
    assert agreement.spearman.value == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    assert agreement.kendall.value == pytest.approx(2 / 3)  # five pairs agree, one does not
    assert agree(published, -published).spearman.value == pytest.approx(-1)
    assert np.isnan(agree(published[:2], published[:2]).spearman.value)
    assert np.isnan(agree(published[:4], np.ones(4)).kendall.value)


@given(ranked)
def test_lines_are_correlated_as_scipy_does(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, float).T
    if len(set(a)) < 2 or len(set(b)) < 2:
        assert np.isnan([spearman(a[None], b[None]), kendall(a[None], b[None])]).all()
        return
    assert spearman(a[None], b[None]) == pytest.approx([stats.spearmanr(a, b).statistic])
    assert kendall(a[None], b[None]) == pytest.approx([stats.kendalltau(a, b).statistic])


def test_many_lines_at_once_are_each_as_alone() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 500, 80))
    several = kendall(a, b)
    assert several == pytest.approx([stats.kendalltau(x, y).statistic for x, y in zip(a, b, strict=True)])


def test_the_interval_over_rows_is_that_of_scipys_bootstrap() -> None:
    rng = np.random.default_rng(3)
    a = np.arange(20.0)
    b = a + rng.normal(0, 6, 20)
    agreement = agree(a, b)
    for correlation, lines in ((agreement.spearman, spearman), (agreement.kendall, kendall)):
        expected = stats.bootstrap(
            (a, b), lambda x, y, axis, of=lines: of(x, y), paired=True, vectorized=True, method="percentile",
            n_resamples=2000, rng=5,
        ).confidence_interval  # fmt: skip
        assert correlation.rows == pytest.approx((expected.low, expected.high), abs=0.04)
        assert correlation.rows.low < correlation.value < correlation.rows.high


def test_the_interval_over_people_is_of_these_rows() -> None:
    published, people = np.array([1.0, 2.0, 3.0]), np.repeat(["p", "q", "r", "s"], 3)
    apart = np.array([[1.0], [2.0], [3.0]]) + np.linspace(0, 0.5, 12)
    sure = agree(published, apart.mean(axis=1), ImageErrors(apart, people))
    assert sure.kendall.people == sure.spearman.people == (1, 1)
    one_person = np.where(people == "s", 40 * np.array([[1.0], [0.0], [0.0]]), apart)
    unsure = agree(published, one_person.mean(axis=1), ImageErrors(one_person, people))
    assert unsure.spearman.value == -0.5
    assert unsure.spearman.people == (-0.5, 1), "one person alone puts the first row last"
    assert np.isnan(agree(published, apart.mean(axis=1)).spearman.people.low)
