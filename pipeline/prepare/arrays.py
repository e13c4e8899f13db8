"""Images into one array file, streaming: memory does not grow with their number."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from pipeline.errors import UserError
from pipeline.prepare.filters import apply_filters
from pipeline.prepare.images import read_image
from pipeline.prepare.preprocess import Preprocess
from pipeline.prepare.settings import Filter
from pipeline.problem import InputSize
from pipeline.progress import Progress

_AT_ONCE = 32  # images in flight


def write_images(
    path: Path, index: pd.DataFrame, folder: Path, filters: Sequence[Filter], size: InputSize, bar: Progress
) -> None:
    """Write the uint8 array (N, H, W, C) of the rows of `index`.

    Rows of the same image lie next to each other and the image is decoded once. The bytes do not depend on the number
    of threads. Written front to back rather than by a memory map, whose pages would count as this process's memory.

    Args:
        path: The .npy file.
        index: Columns image (below `folder`), width, height.
        folder: Where the images are.
        filters: Applied to each image first.
        size: What each image is scaled to.
        bar: Counts images.

    Raises:
        UserError: Images are missing, unreadable or not of the size in `index`; names all of them.
    """
    rows_of_image = index.groupby("image", sort=False).size()
    shape = (len(index), size.height, size.width, size.channels)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    sizes = index.drop_duplicates("image")[["image", "width", "height"]].itertuples(index=False, name=None)
    findings = []
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for (name, rows), pixels in zip(
            rows_of_image.items(), _all_pixels(list(sizes), folder, filters, size, bar), strict=True
        ):
            if isinstance(pixels, UserError):
                findings.append(f"{name}: {pixels}")
                continue
            for _ in range(rows):
                stream.write(pixels.tobytes())
    if findings:
        raise UserError("\n".join(findings))


def _all_pixels(
    images: list[tuple[str, int, int]], folder: Path, filters: Sequence[Filter], size: InputSize, bar: Progress
) -> Iterator[UInt8[np.ndarray, "H W C"] | UserError]:
    """Pixels of each image, in order; or what is wrong with it."""
    preprocess = Preprocess(size)

    def pixels(image: tuple[str, int, int]) -> UInt8[np.ndarray, "H W C"] | UserError:
        name, width, height = image
        try:
            decoded = read_image(folder / name)
        except UserError as error:
            return error
        if decoded.shape[:2] != (height, width):
            found = f"{decoded.shape[1]} x {decoded.shape[0]}"
            return UserError(
                f"it is {found} pixels, but was labelled at {width} x {height}; run the collect stage again"
            )
        return preprocess(np.ascontiguousarray(apply_filters(decoded, filters)))[0]

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for start in range(0, len(images), _AT_ONCE):
            chunk = images[start : start + _AT_ONCE]
            yield from pool.map(pixels, chunk)
            bar.advance(len(chunk))
