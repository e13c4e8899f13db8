"""Checks of a folder: that it can be written, and that its disk has space."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from heelstrike.doctor.clock import describe_offset
from heelstrike.doctor.findings import Finding, fault, ok, warning


def check_folder(subject: str, folder: Path, *, least_gb: float, advice: str) -> Iterator[Finding]:
    """Check a folder, or the nearest one above it that exists. Nothing is left in it.

    Args:
        subject: What the folder is for.
        folder: The folder; it need not exist yet.
        least_gb: Free space below which there is a warning, in 10⁹ bytes; a tenth of it is a fault.
        advice: How to use another folder.
    """
    place = folder.absolute()
    try:
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            yield fault(subject, f"{place}: not a folder", advice)
            return
        free = shutil.disk_usage(place).free / 1e9
        yield from describe_offset(subject, place)
    except OSError as error:
        yield fault(subject, f"{place}: cannot be written ({error.strerror})", f"allow it, or {advice}")
        return
    text = f"{folder}: writable, {free:.1f} GB free"
    if free < least_gb / 10:
        yield fault(subject, text, f"free some space (docs/operations.md), or {advice}")
    elif free < least_gb:
        yield warning(subject, text, f"{least_gb:g} GB are a safe amount; {advice}")
    else:
        yield ok(subject, text)
