"""Single images: frames extracted from a video and cached across runs of the stage, and facts about still images."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from heelstrike.errors import UserError
from heelstrike.files import file_digest, json_digest, write_aside, write_json
from heelstrike.images import read_picture
from heelstrike.video.reader import VideoReader
from pipeline.annotations import PLACEMENT_COLUMNS
from pipeline.near_duplicates import perceptual_hash

_INDEX = "index.json"
# a table of its own for each video would need five times the memory
_INDEX_ROW = np.dtype([("frame", "i8"), ("time_s", "f8"), ("width", "i8"), ("height", "i8"), ("phash", "S16")])


@dataclass(frozen=True)
class VideoJob:
    """A video and the numbers of the frames to extract, ascending."""

    video: Path
    frames: tuple[int, ...]


@dataclass(frozen=True)
class Extracted:
    """Frames of a video as lossless PNG files.

    Attributes:
        content: Digest of the video file.
        folder: Folder of the files; each is named by `frame_file(number)`.
        frame_count: Number of frames that were decoded: at least the highest wanted number + 1 if the video has all
            wanted frames, otherwise the length of the video.
        index: Fields frame, time_s, width, height, phash; an entry per wanted frame that the video has.
    """

    content: str
    folder: Path
    frame_count: int
    index: np.ndarray


def frame_file(number: int) -> str:
    """Return the file name of an extracted frame, such as 000123.png."""
    return f"{number:06d}.png"


def extract(job: VideoJob, cache: Path) -> Extracted:
    """Extract the wanted frames of a video, unless an earlier run did.

    The frames lie in a folder of `cache` that is named by the video's content and the frame numbers. Frames beyond the
    video's end are left out of the index.

    Raises:
        UserError: The video cannot be read.
    """
    content = _content(job.video)
    done = cache / f"{content}-{json_digest(job.frames)[:12]}"
    if not (done / _INDEX).is_file():
        _extract_to(job, done)
    index = json.loads((done / _INDEX).read_text())
    rows = np.array([tuple(row) for row in index["frames"]], _INDEX_ROW)
    return Extracted(content, done, index["frame_count"], rows)


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
        except OSError:  # another worker was faster with a video of the same content
            if not (done / _INDEX).is_file():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


class StillFacts(NamedTuple):
    """Facts about a still image.

    Attributes:
        width: Width as displayed, pixels.
        height: Height as displayed, pixels.
        phash: Perceptual hash.
        content: Digest of the decoded pixels, the same for files that differ in their metadata only.
        file_mm_per_px: Side of a pixel in millimetres from the file; NaN if the file does not state it.
        scan: True if later stages need its 8-bit copy (`Picture.converted`).
        unknown: Why `file_mm_per_px` is NaN although the file has numbers for it (`Picture.unknown`); empty otherwise.
        placement: Position in the patient from the file: origin, step along x, step along y; NaN if the file does not
            state it (`Picture.placement`).
    """

    width: int
    height: int
    phash: str
    content: str
    file_mm_per_px: float
    scan: bool
    unknown: str
    placement: tuple[float, ...] = (float("nan"),) * len(PLACEMENT_COLUMNS)

    @property
    def columns(self) -> dict[str, Any]:
        """The fields as a row, with `placement` spread over the columns of the annotation table."""
        return self._asdict() | dict(zip(PLACEMENT_COLUMNS, self.placement, strict=True))


STILL_COLUMNS = [*(name for name in StillFacts._fields if name != "placement"), *PLACEMENT_COLUMNS]
"""Keys of `StillFacts.columns`."""


def scan_copy(digest: str, cache: Path) -> Path:
    """Return the path of the 8-bit copy of the scan with this content."""
    return cache / f"still-{digest[:24]}" / "still.png"


def _gray(image: UInt8[np.ndarray, "H W 3"]) -> bool:
    return bool((image[..., 0] == image[..., 1]).all() and (image[..., 0] == image[..., 2]).all())


def read_still(path: Path, cache: Path | None = None) -> StillFacts:
    """Read the facts about a still image; an image whose values are not 8-bit is also copied to an 8-bit PNG.

    Args:
        path: The file.
        cache: Folder of the copies; `None` means that no copy is written.

    Raises:
        UserError: The file is not readable as one image (see `read_picture`).
    """
    image, mm_per_px, placement, converted, unknown = read_picture(path)
    if converted and cache is not None:
        with write_aside(scan_copy(file_digest(path), cache)) as aside:
            Image.fromarray(image[..., 0] if _gray(image) else image).save(aside, "PNG")
    height, width = image.shape[:2]
    content = hashlib.sha256(f"{width} {height} ".encode() + image.tobytes()).hexdigest()
    placed = tuple(placement.ravel().tolist())
    return StillFacts(width, height, perceptual_hash(image), content, mm_per_px, converted, unknown, placed)
