"""Which files are results of Heelstrike. Only those are overwritten, and they are never taken for inputs.

A result says inside that it is one: a JSON by its `format`, a CSV by its header, an overlay or a drawing by a note. A
result that somebody has edited still says so and is overwritten: a corrected copy needs a name of its own.
"""

import errno
import json
import os
import re
import stat
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from heelstrike.errors import UserError
from heelstrike.measure.build import MEASURES
from heelstrike.note import NOTE
from heelstrike.predict.steps import STEP_COLUMNS
from heelstrike.predict.table import COMMON_COLUMNS, FIRST_COLUMNS
from heelstrike.results import EXAM, PREDICTION

OVERLAY = ".overlay"
OVERLAY_IMAGE, OVERLAY_VIDEO = f"{OVERLAY}.png", f"{OVERLAY}.mp4"

_HEAD = 2**16  # bytes; the place of the note, whatever the result's length
_PNG, _PNG_HEADER = b"\x89PNG\r\n\x1a\n", 33  # bytes of the signature and of the first chunk, IHDR
_BETWEEN = re.compile(r"[\s,:]*")


def is_result(path: Path) -> bool:
    """Return True if the file is a result of Heelstrike, of any version; False if it cannot be read."""
    reads = next((reads for suffix, reads in _NOTES.items() if path.name.lower().endswith(suffix)), None)
    try:
        return reads is not None and path.is_file() and reads(path)
    except (OSError, ValueError, av.error.FFmpegError):
        return False


def refuse_foreign(path: Path) -> None:
    """Raise if a result must not be written to this path: what is there is not a result of Heelstrike.

    Raises:
        UserError: There is a file of somebody else, a link or a folder, or the name is too long.
    """
    try:
        status = path.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            length, limit = len(os.fsencode(path.name)), 255
            raise UserError(
                f"{path.name}: a name of {length} bytes, at most {limit} are possible; give the input a shorter name"
            ) from None
        return  # nothing there; what else is wrong is said when it is written
    if not stat.S_ISREG(status.st_mode) or not is_result(path):
        raise UserError(
            f"{path} is not a result of Heelstrike, so it is not overwritten; rename it, or give another folder for "
            "the results with --out FOLDER"
        )


def with_note(png: bytes) -> bytes:
    """Return a PNG with the note as its text `Software` (PNG specification, section 11.3.4.3)."""
    body = b"tEXt" + b"Software\0" + NOTE.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_PNG_HEADER] + chunk + png[_PNG_HEADER:]


def _json(path: Path) -> bool:
    return _first_values(_head(path).decode(errors="replace")).get("format") in (PREDICTION, EXAM)


def _csv(path: Path) -> bool:
    columns = _head(path).decode(errors="replace").partition("\n")[0].strip().split(",")
    frames = columns[: len(FIRST_COLUMNS)] == list(FIRST_COLUMNS) and set(COMMON_COLUMNS) <= set(columns)
    return frames or columns[: len(STEP_COLUMNS)] == list(STEP_COLUMNS)


def _image(path: Path) -> bool:
    head = _head(path)
    return head.startswith(_PNG) and b"tEXtSoftware\0" + NOTE.encode() in head


def _video(path: Path) -> bool:
    # of this format, since others name further files to read
    with av.open(str(path), format="mp4", metadata_errors="replace") as container:
        return container.metadata.get("comment") == NOTE


def _drawing(path: Path) -> bool:
    return NOTE.encode() in _head(path)


_NOTES: dict[str, Callable[[Path], bool]] = {
    ".json": _json,
    ".csv": _csv,
    ".png": _image,  # overlays, also under another name
    ".mp4": _video,
    **{suffix: _drawing for measure in MEASURES.values() for suffix in measure.suffixes},
}
"""The function that looks for the note, by suffix of the result."""


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD)


def _first_values(text: str) -> dict[str, Any]:
    """Return the values of a JSON object by key, up to the place where the text ends or is not JSON."""
    decoder, values = json.JSONDecoder(), dict[str, Any]()
    start = re.match(r"\s*\{\s*", text)
    position = start.end() if start else len(text)
    try:
        while True:
            key, position = decoder.raw_decode(text, position)
            value, position = decoder.raw_decode(text, _after_space(text, position))
            values[key] = value
            position = _after_space(text, position)
    except (ValueError, TypeError, RecursionError):
        return values


def _after_space(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return match.end() if match else position
