"""What is wrong with an input: every finding at once, in one message that does not run off the screen."""

from collections.abc import Callable, Iterable

import numpy as np

from heelstrike.errors import UserError

_SHOWN = 20


class Findings:
    """Findings of one file; at most 20 are spelled out, the rest is counted."""

    def __init__(self, where: str) -> None:
        self.where, self.lines, self.count = where, list[str](), 0

    def add(self, message: str) -> None:
        """One finding; `message` goes on from the file's name."""
        self.count += 1
        if len(self.lines) < _SHOWN:
            self.lines.append(f"{self.where}: {message}")

    def add_each(self, indices: np.ndarray, describe: Callable[[int], str]) -> None:
        """One finding per index; only those that will be shown are described."""
        room = max(_SHOWN - len(self.lines), 0)
        for index in indices[:room]:
            self.add(describe(int(index)))
        self.count += max(len(indices) - room, 0)

    def text(self) -> str:
        """All lines, and how many more there are."""
        rest = self.count - len(self.lines)
        return "\n".join([*self.lines, *([f"{self.where}: and {rest} more"] if rest else [])])

    def raise_any(self) -> None:
        """Raise what was found, if anything."""
        if self.count:
            raise UserError(self.text())


def raise_all(errors: Iterable[UserError]) -> None:
    """Raise the findings of several files as one error, if there are any."""
    messages = [str(error) for error in errors]
    if messages:
        rest = len(messages) - _SHOWN
        raise UserError("\n".join(messages[:_SHOWN] + ([f"and {rest} more files with findings"] if rest > 0 else [])))
