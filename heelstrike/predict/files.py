"""Result files: their names beside each other, written whole or not at all."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.files import write_aside

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def text_aside(path: Path) -> Iterator[TextIO]:
    """Open a text file to write, aside: it has its name when the block ends well."""
    with write_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        yield stream


@contextmanager
def room(target: Path) -> Iterator[None]:
    """Say what to do when the disk is full; whatever was written aside is gone by then."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        advice = "free some space or write to another folder; nothing was left half-written"
        raise UserError(
            f"{target.parent}: {error.strerror} while writing the results of {target.name}: {advice}"
        ) from error


def beside(target: Path, suffix: str) -> Path:
    """The name of a result: `walk.mp4` and `.json` make `walk.mp4.json`."""
    return target.with_name(target.name + suffix)


def even(image: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H2 W2 3"]:
    """H.264 takes even sizes only: an odd last row or column is repeated."""
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else image


def write_image(path: Path, image: UInt8[np.ndarray, "H W 3"]) -> None:
    """Write an RGB image as PNG, whatever the path ends in."""
    ok, data = cv2.imencode(".png", image[..., ::-1])
    assert ok  # PNG holds every uint8 image
    path.write_bytes(data.tobytes())
