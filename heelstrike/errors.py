"""The one error type that reaches a user as a message instead of a traceback."""

from pydantic import ValidationError


class UserError(Exception):
    """Bad input, configuration or surroundings: something the user can mend.

    The message names the thing (file, row, field), says what was found and what was expected, and what to do. The
    command line prints it without a traceback and exits with a code other than zero. Several findings go into one
    error, one per line.
    """


def one_line(error: ValidationError) -> str:
    """Pydantic's findings as `path: message; path: message`, for a message about a file."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'content'}: {e['msg']}" for e in error.errors())
