"""The file of cases: what comes back, and when nothing does."""

from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.scoring.case_table import CASES, Cases, read_cases, write_cases
from tests.cases import make_cases


@pytest.fixture
def cases() -> Cases:
    """Three cases of keypoints and a class, in two slices."""
    points = np.arange(12.0).reshape(3, 2, 2)
    points[1, 0] = np.nan
    answers = {"keypoints": points + 0.25, "probabilities": np.eye(2)[[0, 1, 0]]}
    truth = {"keypoints": points, "classes": np.array([0, 1, -1])}
    return make_cases(truth, answers, slices={"tone": np.array(["I", "VI", "I"], object)}, threshold=0.3)


def test_what_is_written_comes_back(cases: Cases, tmp_path: Path) -> None:
    write_cases(cases, tmp_path / CASES, "w", "s")
    found = read_cases(tmp_path / CASES, "w", "s")
    assert found is not None and len(found) == 3
    assert found.threshold == 0.3 and found.slices["tone"].tolist() == ["I", "VI", "I"]
    for table in ("truth", "answers"):
        assert set(getattr(found, table)) == set(getattr(cases, table))
        for name, array in getattr(cases, table).items():
            np.testing.assert_array_equal(getattr(found, table)[name], array)


def test_the_same_cases_are_the_same_bytes(cases: Cases, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_cases(cases, tmp_path / name, "w", "s")
    assert file_digest(tmp_path / "a.npz") == file_digest(tmp_path / "b.npz")


def test_cases_of_other_weights_or_another_split_are_not_taken(cases: Cases, tmp_path: Path) -> None:
    assert read_cases(tmp_path / CASES, "w", "s") is None
    write_cases(cases, tmp_path / CASES, "w", "s")
    assert read_cases(tmp_path / CASES, "other", "s") is None
    assert read_cases(tmp_path / CASES, "w", "other") is None
    assert read_cases(tmp_path / CASES, None, "s") is None


def test_a_damaged_file_is_named(cases: Cases, tmp_path: Path) -> None:
    (tmp_path / CASES).write_bytes(b"no zip")
    with pytest.raises(UserError, match=r"cases\.npz: not a readable table of cases .*run the evaluate stage again"):
        read_cases(tmp_path / CASES, "w", "s")
