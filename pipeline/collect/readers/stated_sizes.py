"""The size of its image that a label file states, as columns of the labels."""

import math
from collections.abc import Iterable, Sequence

from pipeline.collect.findings import Findings
from pipeline.collect.labelled_sizes import HEIGHT, WIDTH
from pipeline.collect.readers.json_file import number


def size_columns(
    sizes: Iterable[tuple[object, object]], images: Sequence[str], findings: Findings
) -> dict[str, list[float]]:
    """Return width and height of the labelled images.

    Args:
        sizes: Width and height of each image as in the label file; `None` or 0 where it states none.
        images: Name of each image in messages.
        findings: Gets a finding for each image whose width or height is neither missing nor a number above 0.

    Returns:
        The columns `labelled_width` and `labelled_height`; NaN where no size is stated.
    """
    columns: dict[str, list[float]] = {WIDTH: [], HEIGHT: []}
    wrong = dict[str, None]()
    for image, size in zip(images, sizes, strict=True):
        for column, value in zip(columns.values(), size, strict=True):
            length = _pixels(value)
            column.append(math.nan if length is None else length)
            if length is None:
                wrong[f"{image}: width and height are {size[0]!r} and {size[1]!r}, expected numbers of pixels"] = None
    for message in wrong:
        findings.add(message)
    return columns


def _pixels(value: object) -> float | None:
    """Return a length in pixels, NaN if it is not stated, `None` if it is no length."""
    if value is None or value == "":
        return math.nan
    length = number(value)
    if length is None:
        return None
    if length == 0 or math.isnan(length):
        return math.nan
    return length if 0 < length < math.inf else None
