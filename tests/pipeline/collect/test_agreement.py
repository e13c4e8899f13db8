"""Agreement of annotators."""

import numpy as np
import pytest

from pipeline.collect.agreement import agreement, fleiss, majority


def test_fleiss_published_example() -> None:
    # Fleiss (1971), as in the usual worked example: 10 subjects, 14 raters, 5 categories, kappa 0.210
    counts = np.array(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ],
        float,
    )
    observed, kappa = fleiss(counts)
    assert observed == pytest.approx(0.378, abs=1e-3)
    assert kappa == pytest.approx(0.210, abs=1e-3)


def test_majority_and_what_to_label_again() -> None:
    assert majority({"a": "x", "b": "x", "c": "y"}) == "x"
    assert majority({"a": "x", "b": "y"}) is None
    result = agreement([{"f:1": {"a": "x", "b": "x", "c": "y"}, "f:2": {"a": "y", "b": "y"}}, {"g:1": {"a": "x"}}])
    assert result is not None
    assert result["images"] == 2
    assert result["pairwise"] == pytest.approx((1 / 3 + 1) / 2)
    assert result["disagreements"] == [{"source": "f:1", "votes": {"a": "x", "b": "x", "c": "y"}, "majority": "x"}]
    assert {"pair": ["a", "b"], "images": 2, "agree": 2} in result["annotators"]


def test_nobody_was_asked_twice() -> None:
    assert agreement([{}, {"g:1": {"a": "x"}}]) is None
