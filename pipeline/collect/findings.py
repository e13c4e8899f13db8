"""Everything that is wrong with an input, in one message that fits on a screen."""

from collections.abc import Callable, Iterable

import numpy as np

from heelstrike.errors import UserError

_MAX_LINES = 20


class Findings:
    """Findings of one file. The first 20 are spelled out, the others are only counted.

    Attributes:
        where: Name of the file.
        lines: Findings that are spelled out.
        count: Number of all findings.
        notes: Sentences on what is no fault but what the user should know.
    """

    def __init__(self, where: str) -> None:
        self.where, self.lines, self.count = where, list[str](), 0
        self.notes = list[str]()

    def note(self, message: str) -> None:
        """Add a note; `message` follows the file's name."""
        self.notes.append(f"{self.where}: {message}")

    def add(self, message: str) -> None:
        """Add a finding; `message` follows the file's name."""
        self.count += 1
        if len(self.lines) < _MAX_LINES:
            self.lines.append(f"{self.where}: {message}")

    def add_each(self, indices: np.ndarray, describe: Callable[[int], str]) -> None:
        """Add a finding per index; `describe` is called only for those that are spelled out."""
        room = max(_MAX_LINES - len(self.lines), 0)
        for index in indices[:room]:
            self.add(describe(int(index)))
        self.count += max(len(indices) - room, 0)

    def text(self) -> str:
        """Return all lines, and the number of findings that are not spelled out."""
        rest = self.count - len(self.lines)
        return "\n".join([*self.lines, *([f"{self.where}: and {rest} more"] if rest else [])])

    def errors(self) -> list[UserError]:
        """Return all findings as one error in a list, which is empty if there are none."""
        return [UserError(self.text())] if self.count else []

    def raise_any(self) -> None:
        """Raise a UserError with all findings, if there are any."""
        for error in self.errors():
            raise error


def raise_all(errors: Iterable[UserError]) -> None:
    """Raise the findings of several files as one error, if there are any."""
    messages = [str(error) for error in errors]
    if messages:
        rest = len(messages) - _MAX_LINES
        raise UserError(
            "\n".join(messages[:_MAX_LINES] + ([f"and {rest} more files with findings"] if rest > 0 else []))
        )
