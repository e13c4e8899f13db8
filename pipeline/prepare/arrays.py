"""Writing of images into one array file as a stream, so that memory does not grow with their number."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.images import read_image
from heelstrike.preprocess.filters import apply_filters, needs_video
from heelstrike.preprocess.settings import Filter, InputSize
from heelstrike.progress import Progress
from pipeline.layout import Layout
from pipeline.prepare.labelled import filtered_images, labelled_image
from pipeline.prepare.preprocess import Preprocess

_CHUNK = 32  # images that are processed at the same time
_ImageRow = tuple[str, str, int, int, int, bool]  # image, video, frame, width, height, mirrored


def write_images(
    path: Path, index: pd.DataFrame, layout: Layout, filters: Sequence[Filter], size: InputSize, bar: Progress
) -> None:
    """Write the uint8 array (N, H, W, C) of the rows of `index`.

    Rows of the same image lie next to each other, and the image is decoded once. The bytes do not depend on the number
    of threads. The file is written front to back; the pages of a memory map would count as this process's memory.

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
    rows_of_image = index.groupby("image", sort=False).size()
    shape = (len(index), size.height, size.width, size.channels)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    columns = ["image", "video", "frame", "width", "height", "mirrored"]
    images = list(index.drop_duplicates("image")[columns].itertuples(index=False, name=None))
    pixels_of = _from_videos if needs_video(filters) else _from_files
    findings = []
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for (name, rows), pixels in zip(
            rows_of_image.items(), pixels_of(images, layout, filters, Preprocess(size), bar), strict=True
        ):
            if isinstance(pixels, UserError):
                findings.append(f"{name}: {pixels}")
                continue
            for _ in range(rows):
                stream.write(pixels.tobytes())
    if findings:
        raise UserError("\n".join(findings))


def _from_files(
    images: list[_ImageRow], layout: Layout, filters: Sequence[Filter], preprocess: Preprocess, bar: Progress
) -> Iterator[UInt8[np.ndarray, "H W C"] | UserError]:
    """Yield the pixels of each image in order, or an error that describes the fault of the image."""

    def pixels(image: _ImageRow) -> UInt8[np.ndarray, "H W C"] | UserError:
        name, _, _, width, height, mirrored = image
        try:
            decoded = read_image(layout.out("collect") / name)
        except UserError as error:
            return error
        if decoded.shape[:2] != (height, width):
            return _wrong_size(decoded, width, height)
        return preprocess(_mirror_if(apply_filters(decoded, filters), mirrored))[0]

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            yield from pool.map(pixels, chunk)
            bar.advance(len(chunk))


def _from_videos(
    images: list[_ImageRow], layout: Layout, filters: Sequence[Filter], preprocess: Preprocess, bar: Progress
) -> Iterator[UInt8[np.ndarray, "H W C"] | UserError]:
    """Yield the same as `_from_files` if a filter needs earlier frames; each video is decoded from its first frame."""
    frames = [labelled_image(layout, name, video, frame) for name, video, frame, *_ in images]
    for (_, _, _, width, height, mirrored), frame in zip(images, filtered_images(frames, filters), strict=True):
        fits = frame.image.shape[:2] == (height, width)
        yield preprocess(_mirror_if(frame.filtered, mirrored))[0] if fits else _wrong_size(frame.image, width, height)
        bar.advance()


def _mirror_if(image: UInt8[np.ndarray, "H W 3"], mirrored: bool) -> UInt8[np.ndarray, "H W 3"]:
    return np.ascontiguousarray(image[:, ::-1] if mirrored else image)


def _wrong_size(image: UInt8[np.ndarray, "H W 3"], width: int, height: int) -> UserError:
    size = f"{image.shape[1]} x {image.shape[0]}"
    return UserError(f"it is {size} pixels, but was labelled at {width} x {height}; run the collect stage again")
