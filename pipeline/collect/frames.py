"""Single images: frames extracted from a video, kept across runs of the stage, and the look of still images."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from PIL import Image

from heelstrike.errors import UserError
from heelstrike.files import file_digest, json_digest, write_aside, write_json
from heelstrike.images import read_picture
from heelstrike.video.reader import VideoReader
from pipeline.annotations import PLACEMENT_COLUMNS
from pipeline.near_duplicates import perceptual_hash

_INDEX = "index.json"
_FACTS = ["frame", "time_s", "width", "height", "phash"]


@dataclass(frozen=True)
class VideoJob:
    """A video and the numbers of the frames wanted of it, ascending."""

    video: Path
    frames: tuple[int, ...]


@dataclass(frozen=True)
class Extracted:
    """Frames of a video as lossless PNG files.

    Attributes:
        folder: Holds `frame_file(number)` for each.
        frame_count: Frames of the whole video; at least the highest wanted number + 1 where all were found.
        index: frame, time_s, width, height, phash of the wanted frames that the video has.
    """

    folder: Path
    frame_count: int
    index: pd.DataFrame


def frame_file(number: int) -> str:
    """Name of an extracted frame: 000123.png."""
    return f"{number:06d}.png"


def extract(job: VideoJob, cache: Path) -> Extracted:
    """Extract the wanted frames of a video, unless an earlier run did.

    The work lies in a folder of `cache` named by the video's content and the frame numbers. Frames beyond the video's
    end are left out of the index.

    Raises:
        UserError: The video cannot be read.
    """
    done = cache / f"{_content(job.video)}-{json_digest(job.frames)[:12]}"
    if not (done / _INDEX).is_file():
        _extract_to(job, done)
    index = json.loads((done / _INDEX).read_text())
    return Extracted(done, index["frame_count"], pd.DataFrame(index["frames"], columns=_FACTS))


def _content(video: Path) -> str:
    if not video.is_file():
        raise UserError(f"{video}: no such video")
    return file_digest(video)[:24]


def _extract_to(job: VideoJob, done: Path) -> None:
    # named by process: a worker that outlives a killed stage must not write into the folder of the next run
    aside = done.with_name(f".{done.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        rows = []
        with VideoReader(job.video) as reader:
            for frame in reader.frames(set(job.frames)):
                Image.fromarray(frame.image).save(aside / frame_file(frame.number), compress_level=1)
                height, width = frame.image.shape[:2]
                rows.append((frame.number, frame.time_s, width, height, perceptual_hash(frame.image)))
            write_json(aside / _INDEX, {"frame_count": reader.decoded, "frames": rows})
        try:
            aside.rename(done)
        except OSError:  # another worker had a video of the same content, and was first
            if not (done / _INDEX).is_file():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


class Look(NamedTuple):
    """What is known of a still image.

    Attributes:
        width: As displayed, pixels.
        height: As displayed, pixels.
        phash: Perceptual hash.
        file_mm_per_px: Side of a pixel in millimetres as the file says; NaN where it does not.
        scan: Whether later stages need its 8-bit copy (`Picture.converted`).
        placement: Where in the patient it lies, as the file says: origin, step along x, step along y; NaN where it
            does not (`Picture.placement`).
    """

    width: int
    height: int
    phash: str
    file_mm_per_px: float
    scan: bool
    placement: tuple[float, ...] = (float("nan"),) * len(PLACEMENT_COLUMNS)

    @property
    def facts(self) -> dict[str, Any]:
        """Everything by the names of the annotation table's columns and of the fields above."""
        return self._asdict() | dict(zip(PLACEMENT_COLUMNS, self.placement, strict=True))


STILL_FACTS = [*(name for name in Look._fields if name != "placement"), *PLACEMENT_COLUMNS]
"""What is kept of a look."""


def copy_of(digest: str, cache: Path) -> Path:
    """Where the 8-bit copy of the scan with this content lies."""
    return cache / f"still-{digest[:24]}" / "still.png"


def _gray(image: UInt8[np.ndarray, "H W 3"]) -> bool:
    return bool((image[..., 0] == image[..., 1]).all() and (image[..., 0] == image[..., 2]).all())


def look_at_still(path: Path, cache: Path | None = None) -> Look:
    """Look at a still image of any kind, and keep the 8-bit copy of one that has other values as PNG.

    Args:
        path: The file.
        cache: Where copies are kept; `None`: nowhere.

    Raises:
        UserError: Not readable as one image, see `read_picture`.
    """
    image, mm_per_px, placement, converted = read_picture(path)
    if converted and cache is not None:
        with write_aside(copy_of(file_digest(path), cache)) as aside:
            Image.fromarray(image[..., 0] if _gray(image) else image).save(aside, "PNG")
    height, width = image.shape[:2]
    return Look(width, height, perceptual_hash(image), mm_per_px, converted, tuple(placement.ravel().tolist()))
