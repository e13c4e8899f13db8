"""Result files: their names, and writing them completely or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.predict.ownership import with_note

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def text_aside(path: Path) -> Iterator[TextIO]:
    """Open a text file for writing. It appears under its name when the block ends without an error."""
    with write_aside(path) as aside, aside.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        yield stream


def refuse_unwritable(folder: Path) -> None:
    """Raise if the folder, or the first one above it that exists, cannot be written to.

    Raises:
        UserError: It is a file, or may not be written to.
    """
    parent = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise UserError(f"{parent}: cannot be written to; give another folder for the results with --out FOLDER")


@contextmanager
def explain_full_disk(target: Path) -> Iterator[None]:
    """Turn the error of a full disk within the block into a message. Incomplete files are removed already."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        advice = "free some space or write to another folder; nothing was left half-written"
        raise UserError(
            f"{target.parent}: {error.strerror} while writing the results of {target.name}: {advice}"
        ) from error


def result_path(target: Path, suffix: str) -> Path:
    """Return the path of a result file: `walk.mp4` and `.json` give `walk.mp4.json`."""
    return target.with_name(target.name + suffix)


def with_even_size(image: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H2 W2 3"]:
    """Repeat the last row or column of an image of odd size, since H.264 needs even sizes."""
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else image


def write_image(path: Path, image: UInt8[np.ndarray, "H W 3"]) -> None:
    """Write an RGB image as PNG with the note of a result, whatever the suffix of the path."""
    ok, data = cv2.imencode(".png", image[..., ::-1])
    assert ok  # PNG holds every uint8 image
    path.write_bytes(with_note(data.tobytes()))
