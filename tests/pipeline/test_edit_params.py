"""One number of params.yaml changes, and no other byte."""

from pathlib import Path

import pytest
import yaml

from heelstrike.errors import UserError
from pipeline.edit_params import set_number

PATH = ("toy", "search", "trials")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "toy:\n  search:\n    trials: 6  # few\n    seed: 1\n",
            "toy:\n  search:\n    trials: 50  # few\n    seed: 1\n",
        ),
        ("toy:\n  search: {trials: 6, seed: 1}  # ö\n", "toy:\n  search: {trials: 50, seed: 1}  # ö\n"),
        ("toy:\n  search:\n    # why\n    seed: 1\n", "toy:\n  search:\n    # why\n    trials: 50\n    seed: 1\n"),
        ("toy:\n  search: {seed: 1}\n", "toy:\n  search: {trials: 50, seed: 1}\n"),
        ("toy:\n  search: {}\n", "toy:\n  search: {trials: 50}\n"),
    ],
)
def test_only_the_number_changes(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text, encoding="utf-8")
    set_number(file, PATH, 50)
    assert file.read_text(encoding="utf-8") == expected
    assert yaml.safe_load(expected)["toy"]["search"]["trials"] == 50


def test_the_repository_s_own_file(tmp_path: Path) -> None:
    file, given = tmp_path / "params.yaml", Path(__file__).parents[2] / "params.yaml"
    file.write_bytes(given.read_bytes())
    set_number(file, ("rearfoot", "search", "trials"), 50)
    changed = yaml.safe_load(file.read_text())
    assert changed["rearfoot"]["search"].pop("trials") == 50
    expected = yaml.safe_load(given.read_text())
    expected["rearfoot"]["search"].pop("trials")
    assert changed == expected


def test_a_missing_section_is_a_message(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("toy: {}\n")
    with pytest.raises(UserError, match=r"there is no section toy\.search; add it"):
        set_number(file, PATH, 50)
