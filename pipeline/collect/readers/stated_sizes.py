"""The size of its image that a label file states, as columns of the labels."""

import math
import re
from collections.abc import Sequence

from pipeline.collect.findings import Findings
from pipeline.collect.labelled_sizes import HEIGHT, WIDTH
from pipeline.collect.readers.json_file import number

_DIGITS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")  # some programs write numbers as text


def size_columns(
    sizes: Sequence[tuple[object, object]], images: Sequence[str], findings: Findings
) -> dict[str, list[float]]:
    """Return width and height of the labelled images.

    Args:
        sizes: Width and height of each image as in the label file; `None` or 0 where it states none.
        images: Name of each image in messages.
        findings: Gets a finding for each image whose width or height is neither missing nor a number above 0.

    Returns:
        The columns `labelled_width` and `labelled_height`; NaN where no size is stated.
    """
    stated = dict(zip(images, sizes, strict=True))  # an image has several labels, but one finding
    by_image = {image: stated_size(size, image, findings) for image, size in stated.items()}
    return {WIDTH: [by_image[image][0] for image in images], HEIGHT: [by_image[image][1] for image in images]}


def stated_size(size: tuple[object, object], image: str, findings: Findings) -> tuple[float, float]:
    """Return width and height of a labelled image, NaN where they are not stated; a finding if they are no lengths."""
    width, height = map(_pixels, size)
    if width is None or height is None:
        findings.add(f"{image}: width and height are {size[0]!r:.60} and {size[1]!r:.60}, expected numbers of pixels")
        return math.nan, math.nan
    return width, height


def _pixels(value: object) -> float | None:
    """Return a length in pixels, NaN if it is not stated, `None` if it is no length."""
    if value is None or value == "":
        return math.nan
    length = float(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else number(value)
    if length is None:
        return None
    if length == 0 or math.isnan(length):
        return math.nan
    return length if 0 < length < math.inf else None
