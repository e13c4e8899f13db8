"""The one error type that reaches a user as a message instead of a traceback."""


class UserError(Exception):
    """Bad input, configuration or surroundings: something the user can mend.

    The message names the thing (file, row, field), says what was found and what was expected, and what to do. The
    command line prints it without a traceback and exits with a code other than zero. Several findings go into one
    error, one per line.
    """
