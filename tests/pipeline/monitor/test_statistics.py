"""The tests of a window: closed forms, and error rates on exchangeable data."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pipeline.monitor.statistics import holm, ks_test, robust_scores, shift_test

GROUPS = [[0, 1, 2], [3, 4]]


def draw(seed: int, count: int, features: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, features))


def test_holm_in_closed_form() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]


def test_robust_scores_in_closed_form() -> None:
    """Of 1 to 5 the median absolute deviation is 1; the last of the second column is cut at 4 of them."""
    scores = robust_scores(np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 3.0], [5.0, 4.0], [4.0, 500.0]]))
    assert scores[:, 0] == pytest.approx(np.array([0, -2, -1, 2, 1]) / np.sqrt(2))
    cut = np.array([-2, -1, 0, 1, 4 * 1.4826])
    assert scores[:, 1] == pytest.approx((cut - cut.mean()) / cut.std())
    mostly_equal = robust_scores(np.array([[1.0], [1.0], [1.0], [1.0], [0.2], [np.nan]]))[:, 0]
    assert mostly_equal[5] == 0 and mostly_equal[4] < -1.5 and len(set(mostly_equal[:4].tolist())) == 1
    assert robust_scores(np.full((3, 1), 7.0)).tolist() == [[0], [0], [0]], "what does not differ has no scores"


def test_ks_beyond_the_whole_reference_has_the_exact_p() -> None:
    """Of all ways to choose 5 of 65 only the highest and the lowest five are as far out."""
    window, reference = draw(1, 5, 2), draw(2, 60, 2)
    window[:, 0] += 20
    ways = 8259888  # 65 over 5
    assert ks_test(window, reference)[0] == pytest.approx(2 * 2 / ways, rel=1e-6)
    window[1:4, 0] = np.nan
    assert ks_test(window, reference)[0] == 1, "two values are too few"


def test_the_permutation_p_is_that_of_all_choices() -> None:
    """With one feature and few records, every choice can be tried."""
    values = np.array([[0.1], [0.7], [1.5], [1.1], [2.0], [2.5], [3.1], [4.0], [9.0]])
    window, reference = values[[6, 8]], values[[0, 1, 2, 3, 4, 5, 7]]
    scores = robust_scores(values)[:, 0]
    means = [abs(scores[list(pair)].mean()) for pair in combinations(range(9), 2)]
    exact = float(np.mean(np.array(means) >= abs(scores[[6, 8]].mean()) - 1e-9))
    found = shift_test(window, reference, [[0]], permutations=20000).features[0]
    assert found == pytest.approx(exact, abs=0.01)


def test_a_shift_of_everything_has_the_smallest_p_and_names_the_feature() -> None:
    window = draw(1, 5)
    window[:, 3] += 9
    found = shift_test(window, draw(2, 60), GROUPS, permutations=999)
    assert found.p == found.features[3] == 1 / 1000
    assert min(np.delete(found.features, 3)) > 0.05


def test_small_shifts_of_a_group_are_seen_together() -> None:
    window = draw(1, 10)
    window[:, :3] = 0.9 + 0.2 * window[:, :3]
    found = shift_test(window, draw(2, 60), GROUPS, permutations=4999)
    assert found.groups[0] < found.features.min() and found.groups[0] < 0.01


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_the_order_of_records_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    window, reference = rng.normal(size=(5, 5)), rng.normal(size=(25, 5))
    reference[rng.uniform(size=reference.shape) < 0.1] = np.nan
    first = shift_test(window, reference, GROUPS, permutations=199)
    second = shift_test(window[rng.permutation(5)], reference[rng.permutation(25)], GROUPS, permutations=199)
    assert np.array_equal(first.features, second.features) and np.array_equal(first.groups, second.groups)
    assert np.allclose(ks_test(window, reference), ks_test(window[::-1], reference[::-1]))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.1, 50), st.floats(-100, 100))
def test_units_do_not_matter(seed: int, factor: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    window, reference = rng.integers(0, 50, (5, 5)).astype(float), rng.integers(0, 50, (25, 5)).astype(float)
    first = shift_test(window, reference, GROUPS, permutations=99)
    second = shift_test(window * factor + offset, reference * factor + offset, GROUPS, permutations=99)
    assert np.allclose(first.features, second.features, atol=0.02), "but for ties that rounding decides"


def test_exchangeable_records_are_not_reported_more_often_than_the_level() -> None:
    """Heavy tails, equal values, missing ones and features that go together: each test keeps to 10 % of 300 windows."""
    rng, shifts, distributions = np.random.default_rng(7), 0, 0
    for _ in range(300):
        pool = rng.standard_t(2, size=(30, 5))
        pool[:, 1] = pool[:, 0] + 0.3 * pool[:, 1]
        pool[:, 3] = np.round(pool[:, 3])
        pool[rng.uniform(size=30) < 0.2, 4] = np.nan
        shifts += shift_test(pool[:5], pool[5:], GROUPS, permutations=99).p <= 0.1
        distributions += ks_test(pool[:5], pool[5:]).min() <= 0.1
    # one-sided bound at 0.999: 30 expected, standard deviation 5.2
    most = 30 + norm.ppf(0.999) * np.sqrt(300 * 0.1 * 0.9)
    assert shifts <= most and distributions <= most
    assert shifts >= 12, "a permutation test is not empty either"
