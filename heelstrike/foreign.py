"""Messages for errors of other libraries and of the system, in one place.

The libraries are recognized by name, so that none of them is imported for this.
"""

import errno
import tempfile
import traceback
from collections.abc import Iterator

from heelstrike.errors import UserError, first_line
from heelstrike.redact import redacted

_SYSTEM = {
    errno.ENOSPC: "free some space and run the command again",
    errno.EDQUOT: "free some space and run the command again",
    errno.EACCES: "check who may read and write it",
    errno.EPERM: "check who may read and write it",
    errno.EROFS: "the disk is read-only; use a folder that can be written to",
    errno.EMFILE: "too many files are open; raise the limit (`ulimit -n 4096`) and run the command again",
    errno.ENFILE: "too many files are open on this machine; close programs and run the command again",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EIO: "the disk may be damaged; check it",
}
_PREFECT = "check the server at PREFECT_API_URL, or unset this variable to run without one (docs/stores.md)"
_STORE = "check the store that failed and its variable (docs/stores.md), and run the command again"
_LIBRARIES = {
    "prefect": ("Prefect failed", _PREFECT),
    "httpx": ("the Prefect server does not answer", _PREFECT),
    "httpcore": ("the Prefect server does not answer", _PREFECT),
    "requests": ("a store does not answer", _STORE),
    "urllib3": ("a store does not answer", _STORE),
    "sqlalchemy": ("a database failed", _STORE),
    "psycopg2": ("a database failed", _STORE),
    "sqlite3": ("a database failed", _STORE),
    "mlflow": ("MLflow failed", "check MLFLOW_TRACKING_URI (docs/stores.md), and run the command again"),
    "optuna": ("the search's study failed", "check HEELSTRIKE_STUDY_URL (docs/stores.md), and run the command again"),
    "onnxruntime": ("the network cannot be run", "the package is damaged or of another version; fetch another one"),
    "av": ("a video cannot be read or written", "copy the file again, or convert it (docs/troubleshooting.md)"),
    "dvc": ("DVC failed", "`dvc status` and `dvc doctor` say more"),
}


def message_of(error: BaseException) -> str:
    """Return the message for an error that ended a command, without passwords.

    An error that is not known here is a fault of Heelstrike. Its traceback is written to a file that the message names.
    """
    return redacted(next((text for text in map(_known, _chain(error)) if text), "") or _unexpected(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, that of a group of one, and the errors that it was raised from."""
    following: BaseException | None = error
    while following is not None:
        while isinstance(following, BaseExceptionGroup) and len(following.exceptions) == 1:
            following = following.exceptions[0]
        yield following
        following = following.__cause__


def _known(error: BaseException) -> str:
    """Return the message for a known error; empty for any other."""
    if isinstance(error, UserError):
        return str(error)
    for kind in type(error).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in _LIBRARIES:
            title, advice = _LIBRARIES[library]
            return f"{title}: {first_line(redacted(str(error))) or type(error).__name__}; {advice}"
    if isinstance(error, OSError) and error.errno is not None:
        place = f": {error.filename}" if error.filename else ""
        advice = f"; {_SYSTEM[error.errno]}" if error.errno in _SYSTEM else ""
        return f"{error.strerror}{place}{advice}"
    if isinstance(error, MemoryError):
        return "not enough memory; close other programs, or use a smaller batch_size, fewer workers or smaller images"
    if isinstance(error, RecursionError):
        return "the input is nested too deep to be read"
    return ""


def _unexpected(error: BaseException) -> str:
    text = redacted("".join(traceback.format_exception(error)))
    title = f"unexpected {type(error).__name__}: {first_line(redacted(str(error)))}; this is a fault of Heelstrike"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="heelstrike-", suffix=".log", delete=False) as file:
            file.write(text)
    except OSError:
        return f"{title}\n{text}"
    return f"{title}. Report it with {file.name}"
