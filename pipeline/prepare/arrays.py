"""Writing of images into one array file, by parts and as a stream, so that memory does not grow with their number."""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from heelstrike.cores import cores
from heelstrike.errors import UserError
from heelstrike.images import read_image
from heelstrike.preprocess.filters import apply_filters, needs_video
from heelstrike.preprocess.settings import Filter, InputSize
from heelstrike.progress import Progress
from pipeline.executors.spread import run_all
from pipeline.layout import Layout
from pipeline.prepare.labelled import filtered_images, labelled_image
from pipeline.prepare.preprocess import Preprocess

_CHUNK = 32  # images that are processed at the same time
_PART = 512  # images of a call on a worker, unless their video is longer
_SPREAD = 4000  # images from which on other processes pay, each of which starts for a second or two
_Pixels = UInt8[np.ndarray, "H W C"]


class ImageRow(NamedTuple):
    """An image and the number of rows that it has in the array."""

    name: str
    video: str
    frame: int
    width: int
    height: int
    mirrored: bool
    rows: int


class Part(NamedTuple):
    """Images that one call writes to their place in the array file.

    Attributes:
        path: The array file, which has its full size.
        offset: Place of the first image, bytes.
        images: The images in order.
        layout: Layout of the problem, which has the images and videos.
        filters: Filters of each image, applied before scaling.
        size: Size that each image is scaled to.
    """

    path: Path
    offset: int
    images: list[ImageRow]
    layout: Layout
    filters: tuple[Filter, ...]
    size: InputSize


def write_images(
    path: Path, index: pd.DataFrame, layout: Layout, filters: Sequence[Filter], size: InputSize, bar: Progress
) -> None:
    """Write the uint8 array (N, H, W, C) of the rows of `index`.

    Rows of the same image lie next to each other, and the image is decoded once. Many images are spread over the
    workers that HEELSTRIKE_EXECUTOR names, by video where a filter needs earlier frames. The bytes do not depend on the
    workers. They are written with the calls of files; the pages of a memory map would count as this process's memory.

    Args:
        path: The .npy file.
        index: Columns image, video, frame, width, height, mirrored.
        layout: Layout of the problem, which has the images and videos.
        filters: Filters of each image, applied before scaling.
        size: Size that each image is scaled to.
        bar: Progress bar, advanced by one per image.

    Raises:
        UserError: Images are missing, unreadable or not of the size in `index`; all of them are named.
    """
    shape = (len(index), size.height, size.width, size.channels)
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        start = stream.tell()
        stream.truncate(start + int(np.prod(shape)))
    parts, offset = [], start
    images = _images(index)
    for group in _groups(images, needs_video(filters)) if len(images) >= _SPREAD else [images]:
        parts.append(Part(path, offset, group, layout, tuple(filters), size))
        offset += int(np.prod(shape[1:])) * sum(image.rows for image in group)
    if len(parts) == 1:
        outcomes: list[list[str] | UserError] = [_write(parts[0], cores(), bar)]
    else:
        outcomes = run_all(write_part, parts, bar, lambda part: len(part.images), layout.work("prepare", "jobs"))
    findings = [line for found in outcomes for line in ([str(found)] if isinstance(found, UserError) else found)]
    if findings:
        raise UserError("\n".join(findings))


def _images(index: pd.DataFrame) -> list[ImageRow]:
    rows = index.groupby("image", sort=False).size()
    columns = ["image", "video", "frame", "width", "height", "mirrored"]
    images = index.drop_duplicates("image")[columns].itertuples(index=False, name=None)
    return [ImageRow._make((*image, int(count))) for image, count in zip(images, rows, strict=True)]


def _groups(images: list[ImageRow], by_video: bool) -> Iterator[list[ImageRow]]:
    """Yield the images of the calls: some hundred each, and whole videos where a filter needs earlier frames."""
    videos = [list(group) for _, group in itertools.groupby(images, key=lambda image: image.video)]
    pending: list[ImageRow] = []
    for video in videos if by_video else [images[n : n + _PART] for n in range(0, len(images), _PART)]:
        pending += video
        if len(pending) >= _PART:
            yield pending
            pending = []
    if pending:
        yield pending


def write_part(part: Part) -> list[str]:
    """Write the images of a part with one thread; return a line for each one that cannot be used."""
    return _write(part, 1)


def _write(part: Part, threads: int, bar: Progress | None = None) -> list[str]:
    pixels_of = _from_videos(part) if needs_video(part.filters) else _from_files(part, threads)
    findings = []
    with part.path.open("r+b") as stream:
        stream.seek(part.offset)
        for number, (image, pixels) in enumerate(zip(part.images, pixels_of, strict=True), start=1):
            if bar is not None and (number % _CHUNK == 0 or number == len(part.images)):
                bar.advance((number - 1) % _CHUNK + 1)
            if isinstance(pixels, UserError):
                findings.append(f"{image.name}: {pixels}")
                continue
            for _ in range(image.rows):
                stream.write(pixels.tobytes())
    return findings


@lru_cache(maxsize=4)
def _preprocess(size: InputSize) -> Preprocess:
    return Preprocess(size)


def _from_files(part: Part, threads: int) -> Iterator[_Pixels | UserError]:
    """Yield the pixels of each image in order, or an error that describes the fault of the image."""
    preprocess = _preprocess(part.size)

    def pixels(image: ImageRow) -> _Pixels | UserError:
        try:
            decoded = read_image(part.layout.out("collect") / image.name)
        except UserError as error:
            return error
        if decoded.shape[:2] != (image.height, image.width):
            return _wrong_size(decoded, image)
        return preprocess(_mirror_if(apply_filters(decoded, part.filters), image.mirrored))[0]

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(part.images), _CHUNK):
            yield from pool.map(pixels, part.images[start : start + _CHUNK])


def _from_videos(part: Part) -> Iterator[_Pixels | UserError]:
    """Yield the same as `_from_files` if a filter needs earlier frames; each video is decoded from its first frame."""
    preprocess = _preprocess(part.size)
    frames = [labelled_image(part.layout, image.name, image.video, image.frame) for image in part.images]
    for image, frame in zip(part.images, filtered_images(frames, part.filters), strict=True):
        fits = frame.image.shape[:2] == (image.height, image.width)
        yield preprocess(_mirror_if(frame.filtered, image.mirrored))[0] if fits else _wrong_size(frame.image, image)


def _mirror_if(image: UInt8[np.ndarray, "H W 3"], mirrored: bool) -> UInt8[np.ndarray, "H W 3"]:
    return np.ascontiguousarray(image[:, ::-1] if mirrored else image)


def _wrong_size(image: UInt8[np.ndarray, "H W 3"], labelled: ImageRow) -> UserError:
    size = f"{image.shape[1]} x {image.shape[0]}"
    return UserError(
        f"it is {size} pixels, but was labelled at {labelled.width} x {labelled.height}; run the collect stage again"
    )
