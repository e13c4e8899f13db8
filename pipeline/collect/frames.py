"""Labelled frames of videos and still images as files, each decoded once and kept across runs of the stage."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from pipeline.collect.video import VideoReader
from pipeline.errors import UserError
from pipeline.files import file_digest, json_digest
from pipeline.near_duplicates import perceptual_hash

_INDEX = "index.parquet"


@dataclass(frozen=True)
class VideoJob:
    """Frames wanted of one video; `media` is its name below `root`."""

    root: Path
    media: str
    frames: tuple[int, ...]


def frame_file(number: int) -> str:
    """Name of an extracted frame: 000123.png."""
    return f"{number:06d}.png"


def extract(job: VideoJob, cache: Path) -> Path:
    """Extract the wanted frames of a video, unless an earlier run did.

    Returns:
        A folder below `cache`, named by the video's content and the frame numbers, with the frames as lossless PNG and
        index.parquet (frame, time_s, width, height, phash).

    Raises:
        UserError: The video cannot be read, or lacks a frame.
    """
    video = job.root / job.media
    if not video.stat().st_size:
        raise UserError(f"{video}: empty (0 bytes); copy the video again from where it came from")
    done = cache / f"{file_digest(video)[:24]}-{json_digest(job.frames)[:12]}"
    if (done / _INDEX).is_file():
        return done
    # named by process: a worker that outlives a killed stage must not write into the folder of the next run
    aside = cache / f".{done.name}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        rows = []
        with VideoReader(video) as reader:
            for frame in reader.frames(set(job.frames)):
                Image.fromarray(frame.image).save(aside / frame_file(frame.number), compress_level=1)
                height, width = frame.image.shape[:2]
                rows.append((frame.number, frame.time_s, width, height, perceptual_hash(frame.image)))
        index = pd.DataFrame(rows, columns=["frame", "time_s", "width", "height", "phash"])
        index.to_parquet(aside / _INDEX, index=False)
        if not done.exists():
            aside.rename(done)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return done


def read_index(folder: Path) -> pd.DataFrame:
    """What `extract` recorded: frame, time_s, width, height, phash."""
    return pd.read_parquet(folder / _INDEX)


def look_at_still(path: Path) -> tuple[int, int, str]:
    """Width and height of a still image as displayed (EXIF orientation applied), and its perceptual hash.

    Raises:
        UserError: Empty, or not an image.
    """
    if not path.stat().st_size:
        raise UserError(f"{path}: empty (0 bytes); copy the image again from where it came from")
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: not a readable image ({error}); copy it again, or remove its labels") from None
    return upright.width, upright.height, perceptual_hash(np.asarray(upright))


def link(source: Path, target: Path) -> None:
    """Hard link, or copy where the file system cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
