"""Which files of an inbox are still being written."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from heelstrike.errors import UserError

QUIET = "HEELSTRIKE_INBOX_QUIET_S"
"""Environment variable: a file is ingested if it was not changed for so many seconds; 10 by default."""

Stamp = tuple[int, int, int, int]
"""Size, time of the last change of the bytes, time of the last change of the entry (ns), and number of a file."""


def quiet_seconds() -> float:
    """Return for how long a file must not have changed, seconds.

    Raises:
        UserError: The environment variable is no such number.
    """
    text = os.environ.get(QUIET, "10")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise UserError(f"{QUIET}: found {text!r}, expected seconds from 0 to 3600")
    return seconds


def stamps(inbox: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """Return the stamp of each file that exists; a file with another stamp was changed, moved or replaced meanwhile."""
    result = dict[str, Stamp]()
    for name in names:
        try:
            stat = (inbox / name).stat()
        except OSError:
            continue
        result[name] = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return result


def still_written(inbox: Path, names: list[str], say: Callable[[str], None]) -> set[str]:
    """Return the files that are still being written.

    If a file was changed within the last seconds, this waits until all were quiet for so long, once. A file that
    changes meanwhile, or that a process of this machine has open for writing, is still being written.
    """
    quiet = quiet_seconds()
    before = stamps(inbox, names)
    now = time.time()
    # a time in the future is of a clock that goes wrong; whether such a file changes shows while we wait
    ages = [min(max(now - stamp[1] / 1e9, 0), quiet) for stamp in before.values()]
    if quiet > 0 and ages and (rest := quiet - min(ages)) > 0:
        young = sum(age < quiet for age in ages)
        say(
            f"{young} files were changed in the last {quiet:g} s; waiting {rest:.0f} s to see whether they still change"
        )
        time.sleep(rest)
    after = stamps(inbox, names)
    changed = {name for name in names if after.get(name) != before.get(name)}
    return changed | open_for_writing(inbox, names)


def open_for_writing(inbox: Path, names: Iterable[str]) -> set[str]:
    """Return the files that a process has open for writing, as far as the system lets this process see it."""
    by_path = {str((inbox / name).resolve()): name for name in names}
    writing = set[str]()
    for process in psutil.process_iter():
        try:
            files = process.open_files()
        except (psutil.Error, OSError):  # it has ended, or it is another user's
            continue
        # only Linux says how a file is open
        paths = {file.path for file in files if getattr(file, "mode", "r") != "r"}
        writing |= {by_path[path] for path in paths & by_path.keys()}
    return writing
