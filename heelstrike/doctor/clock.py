"""Checks of the clock: schedules, tags and the order of events depend on it."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import heelstrike
from heelstrike.doctor.findings import Finding, ok, warning

_PAUSE_S = 0.05
_LARGEST_DRIFT_S = 0.02
_LARGEST_OFFSET_S = 2.0
_SYNCHRONIZE = "synchronize it (NTP), since the history orders its events by time"


def check_clock() -> Iterator[Finding]:
    """Check that it is later than when this library was installed, and that time passes as the monotonic clock says."""
    now = datetime.now(UTC)
    local = now.astimezone()
    text = f"{now:%Y-%m-%d %H:%M} UTC; the time zone is {local.tzname()} ({local:%z})"
    installed = Path(heelstrike.__file__).stat().st_mtime
    drift = _drift_s()
    if now.timestamp() < installed - _LARGEST_OFFSET_S:
        yield warning("clock", f"{text}, which is before this library was installed", _SYNCHRONIZE)
    elif abs(drift) > _LARGEST_DRIFT_S:
        yield warning("clock", f"{text}, and it was set by {drift:+.2f} s just now", _SYNCHRONIZE)
    else:
        yield ok("clock", text)


def offset_of_files_s(folder: Path) -> float:
    """Return by how much the file system's time is ahead of this machine's, in seconds.

    A network's file system has the time of its server.

    Raises:
        OSError: No file can be made in the folder.
    """
    before = time.time()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".heelstrike-doctor-") as file:
        file.write(b"x")
        file.flush()
        written = Path(file.name).stat().st_mtime
    after = time.time()
    return written - min(max(written, before), after)


def describe_offset(subject: str, folder: Path) -> Iterator[Finding]:
    """Yield a warning if the files of a folder get another time than this machine's."""
    offset = offset_of_files_s(folder)
    if abs(offset) > _LARGEST_OFFSET_S:
        yield warning(
            subject,
            f"{folder}: its file system is {offset:+.0f} s off this machine's clock",
            "synchronize both, since an ingest tells by times which files are still written",
        )


def _drift_s() -> float:
    wall, monotonic = time.time(), time.monotonic()
    time.sleep(_PAUSE_S)
    return (time.time() - wall) - (time.monotonic() - monotonic)
