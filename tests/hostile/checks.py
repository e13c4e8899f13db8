"""The checks of every hostile input: nothing lost, nothing half-written, no traceback, right values or a refusal."""

import hashlib
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heelstrike.errors import UserError

PASSWORD = "S3cret-of-the-store"
"""The password in every address that the suites use. No output may contain it."""

_LONGEST_MESSAGE = 8000  # a message is read by a person


@dataclass(frozen=True)
class Input:
    """A hostile input and what is right.

    Attributes:
        name: What makes it hostile; also the name of its test.
        make: Writes the input into an empty folder and returns what is to be read.
        accepts: The values that reading it has to give; `None` if it must be refused.
        refuses: A regular expression for the message of a refusal; `None` if it must be accepted. Where both are given,
            either is right, and other values are not.
    """

    name: str
    make: Callable[[Path], Any]
    accepts: Mapping[str, Any] | None = None
    refuses: str | None = None


def parametrised(inputs: Iterable[Input]) -> pytest.MarkDecorator:
    """Make a test of each input."""
    inputs = list(inputs)
    names = [entry.name for entry in inputs]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return pytest.mark.parametrize("entry", inputs, ids=[re.sub(r"\W+", "-", name).strip("-") for name in names])


def judge(entry: Input, folder: Path, read: Callable[[Any], Mapping[str, Any]]) -> None:
    """Read an input and compare the outcome with what is right.

    A hang is a failure of pytest's own time limit, which every file of these tests sets.

    Args:
        entry: The input.
        folder: An empty folder for it.
        read: Reads it as Heelstrike does; returns the values, or raises a `UserError`.
    """
    target = entry.make(folder)
    before = snapshot(folder)
    try:
        values, message = read(target), None
    except UserError as error:
        values, message = {}, str(error)
    changes = difference(before, snapshot(folder))
    assert not changes, f"reading changed the input: {changes}"
    if message is not None:
        check_message(message)
        assert entry.refuses is not None, f"refused, but {dict(entry.accepts or {})} is right: {message}"
        assert re.search(entry.refuses, message, re.DOTALL), f"the message lacks {entry.refuses!r}: {message}"
        return
    assert entry.accepts is not None, f"accepted as {values}, but a message with {entry.refuses!r} is right"
    wrong = {
        key: (values.get(key), right)
        for key, right in entry.accepts.items()
        if values.get(key) != pytest.approx(right, abs=0.01, nan_ok=True)
    }
    assert not wrong, f"(found, right): {wrong}"


def check_message(message: str) -> None:
    """A message is for a person: it is no traceback, has no secret, is not endless, and controls no terminal."""
    assert message.strip(), "an empty message"
    assert "Traceback (most recent call last)" not in message, message
    assert PASSWORD not in message, f"a password is shown: {message}"
    assert len(message) < _LONGEST_MESSAGE, f"{len(message)} characters: {message[:300]}"
    assert not re.search(r"[\x00\x1b]", message), f"controls the terminal: {message!r}"


def snapshot(*folders: Path) -> dict[str, tuple[str, int, str]]:
    """Every file, folder and link below the folders: its kind, its permissions, and its digest or target."""
    entries: dict[str, tuple[str, int, str]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                entries[str(path)] = ("link", 0, str(path.readlink()))
            elif stat.S_ISREG(mode):
                entries[str(path)] = ("file", stat.S_IMODE(mode), hashlib.sha256(path.read_bytes()).hexdigest())
            else:
                entries[str(path)] = ("folder", stat.S_IMODE(mode), "")
    return entries


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """What was removed, added or changed between two snapshots."""
    return (
        dict.fromkeys(before.keys() - after.keys(), "removed")
        | dict.fromkeys(after.keys() - before.keys(), "added")
        | {path: "changed" for path in before.keys() & after.keys() if before[path] != after[path]}
    )
