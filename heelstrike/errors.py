"""The error type that users see as a message instead of a traceback."""

import difflib
from collections.abc import Iterable

from pydantic import ValidationError


class UserError(Exception):
    """An error in the input, the configuration or the environment, which the user can fix.

    The message names the file, row or field, what was found, what was expected and what to do. Several findings are one
    error, with a line for each. The command line prints the message without a traceback and exits with a nonzero code.
    """


def one_line(error: ValidationError) -> str:
    """Return Pydantic's findings as `path: message; path: message`, for a message about a file."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'content'}: {e['msg']}" for e in error.errors())


def first_line(text: str, longest: int = 300) -> str:
    """Return the first line of a text that a server or library sent, for a message: no control characters, not long."""
    line = next(iter(text.strip().splitlines()), "")[:longest]
    return "".join(letter if letter.isprintable() else " " for letter in line).strip()


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a question with the most similar of some names, as the end of a sentence; empty if none is similar."""
    similar = difflib.get_close_matches(name[:100], names, n=1)
    return f"; did you mean {similar[0]}?" if similar else ""
