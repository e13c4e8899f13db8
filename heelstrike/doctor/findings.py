"""A finding of a check, and the running of checks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from heelstrike.errors import first_line
from heelstrike.foreign import message_of

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """What a check has found about one thing.

    Attributes:
        level: `fault` if a command will fail, `warning` if one may.
        subject: What was looked at, in a word or two.
        text: What was found.
        advice: What to do; empty if nothing has to be done.
    """

    level: Level
    subject: str
    text: str
    advice: str = ""

    def line(self, width: int) -> str:
        """The finding as a line for the terminal, with its subject padded to a width."""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.level:<7}  {self.subject:<{width}}  {self.text}{advice}"


Check = Callable[[], Iterable[Finding]]


def ok(subject: str, text: str) -> Finding:
    """Return a finding about a thing that is as it should be."""
    return Finding("ok", subject, text)


def warning(subject: str, text: str, advice: str) -> Finding:
    """Return a finding about a thing for which some command may fail or be slow."""
    return Finding("warning", subject, text, advice)


def fault(subject: str, text: str, advice: str) -> Finding:
    """Return a finding about a thing for which a command will fail."""
    return Finding("fault", subject, text, advice)


def examine(checks: dict[str, Check]) -> Iterator[Finding]:
    """Run checks, each by the name of its subject. A check that itself fails is a fault, and the others still run."""
    for subject, check in checks.items():
        try:
            yield from check()
        except Exception as error:
            yield fault(subject, first_line(message_of(error)), "see docs/troubleshooting.md")
