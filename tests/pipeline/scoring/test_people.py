"""Errors of people: means of their images, and bounded relative differences."""

import numpy as np
import pytest

from pipeline.scoring.people import person_errors


def test_each_person_counts_once_and_unscored_images_not() -> None:
    errors = person_errors(np.array([1.0, 3, np.nan, 5]), np.array([2.0, 2, 1, 10]), np.array(["a", "a", "a", "b"]))
    assert errors.people.tolist() == ["a", "b"]
    assert errors.challenger.tolist() == [2, 5] and errors.champion.tolist() == [2, 10]
    assert errors.relative == pytest.approx([0, -2 / 3])


def test_relative_differences_are_bounded_and_change_sign_if_the_models_are_exchanged() -> None:
    new, old = np.array([0.0, 0, np.inf, 1, np.inf]), np.array([0.0, 2, 1, np.inf, np.inf])
    people = np.arange(5)
    assert person_errors(new, old, people).relative.tolist() == [0, -2, 2, -2, 0]
    assert person_errors(old, new, people).relative.tolist() == [0, 2, -2, 2, 0]


def test_what_cannot_be_paired_is_an_error() -> None:
    with pytest.raises(ValueError, match="no image is scored by both models"):
        person_errors(np.array([np.nan]), np.array([1.0]), np.array(["a"]))
    with pytest.raises(ValueError, match=r"have \(2, 1, 2\) values"):
        person_errors(np.zeros(2), np.zeros(1), np.zeros(2))
