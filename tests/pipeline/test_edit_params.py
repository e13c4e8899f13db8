"""One number of params.yaml changes, and no other byte."""

import threading
from concurrent.futures import ThreadPoolExecutor
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


def test_the_line_ends_of_windows_and_its_mark_stay(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    text = "\ufefftoy:\r\n  search:\r\n    trials: 6  # few\r\n"
    file.write_bytes(text.encode())
    set_number(file, PATH, 50)
    assert file.read_bytes() == text.replace("6", "50").encode()
    file.write_bytes(text.replace("trials", "seed").encode())
    set_number(file, PATH, 50)
    assert b"    trials: 50\r\n    seed: 6" in file.read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "other:\n  search: &shared {trials: 6}\ntoy:\n  search: *shared\n",
        "other:\n  search: {trials: &many 6}\ntoy:\n  search: {trials: *many}\n",
        "toy:\n  search: {trials: &many 6}\nother:\n  search: {trials: *many}\n",
        "toy: &toy\n  search: {trials: 6}\nother: *toy\n",
        "toy: &toy\n  search: {seed: 6}\nother:\n  <<: *toy\n",
    ],
)
def test_a_value_that_another_problem_shares_is_not_changed_for_both(tmp_path: Path, text: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(
        UserError, match=r"params\.yaml: toy\.search\.trials shares its value .* write trials: 50 there"
    ):
        set_number(file, PATH, 50)
    assert file.read_text() == text


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


def test_two_problems_that_are_edited_at_once_both_change(tmp_path: Path) -> None:
    file, names = tmp_path / "params.yaml", [f"problem_{n}" for n in range(4)]
    file.write_text("".join(f"{name}:\n  search: {{trials: 6}}\n" for name in names))
    start = threading.Barrier(len(names))

    def edit(name: str) -> None:
        start.wait()
        for value in range(1, 41):
            set_number(file, (name, "search", "trials"), value)
            assert yaml.safe_load(file.read_text())[name]["search"]["trials"] == value

    with ThreadPoolExecutor(len(names)) as pool:
        for ended in [pool.submit(edit, name) for name in names]:
            ended.result()
    assert {name: section["search"]["trials"] for name, section in yaml.safe_load(file.read_text()).items()} == (
        dict.fromkeys(names, 40)
    )
