"""Random sets of labelled images for the tests of readers, and their files on disk."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

KEYPOINTS = ("heel", "toe 1", "Knöchel")
CLASSES = ("flat", "arched")
TURNED = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""


@dataclass(frozen=True)
class Instance:
    """One labelled instance.

    Attributes:
        points: For each of KEYPOINTS x, y and COCO visibility; `None` where it is not labelled. Origin at the centre of
            the top-left pixel, as displayed.
        box: Corner x, y, width and height with the same origin.
        label: One of CLASSES.
    """

    points: tuple[tuple[float, float, int] | None, ...]
    box: tuple[float, float, float, float]
    label: str


@dataclass(frozen=True)
class LabelledImage:
    """An image and its labels.

    Attributes:
        name: File name.
        width: Width as displayed, pixels.
        height: Height as displayed, pixels.
        orientation: EXIF orientation, 1 to 8.
        stated: Size of the image that was labelled, as a multiple of the size of the file.
        subject: The person.
        instances: Labelled instances, in pixels of the file as displayed.
    """

    name: str
    width: int
    height: int
    orientation: int
    stated: int
    subject: str
    instances: tuple[Instance, ...]

    @property
    def stated_size(self) -> tuple[int, int]:
        """Width and height of the image that was labelled, as displayed."""
        return self.width * self.stated, self.height * self.stated

    def labelled(self, value: float) -> float:
        """Return a coordinate in pixels of the image that was labelled."""
        return (value + 0.5) * self.stated - 0.5

    def save(self, path: Path, number: int) -> None:
        """Write the image; pictures of different numbers have different pixels."""
        size = (self.width, self.height) if self.orientation not in TURNED else (self.height, self.width)
        pixels = np.random.default_rng(number).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = self.orientation
        Image.fromarray(pixels).save(path, exif=exif)


_WORDS = st.text("abZ09 _-()[]{}+%&#!=@~^äéß中あ'", min_size=1, max_size=9).map(str.strip).filter(bool)
_WHOLE = st.integers(1, 999).map(lambda n: n / 1000)


@st.composite
def _instances(draw: st.DrawFn, width: int, height: int, missing: bool) -> Instance:
    visibilities = st.integers(0 if missing else 1, 2)
    points = [
        (x * (width - 1), y * (height - 1), v) if v else None
        for x, y, v in draw(st.lists(st.tuples(_WHOLE, _WHOLE, visibilities), min_size=3, max_size=3))
    ]
    if not any(points):
        points[0] = (0.25 * width, 0.5 * height, 2)
    x, y = draw(_WHOLE) * width / 2, draw(_WHOLE) * height / 2
    box = (x - 0.5, y - 0.5, draw(_WHOLE) * width / 2, draw(_WHOLE) * height / 2)
    return Instance(tuple(points), box, draw(st.sampled_from(CLASSES)))


@st.composite
def label_sets(draw: st.DrawFn, instances: int, stated: bool, missing: bool) -> list[LabelledImage]:
    """Draw one to three labelled images, whose names differ in more than upper and lower case.

    Args:
        draw: Draws from other strategies.
        instances: The highest number of instances in an image.
        stated: True if the format states the size of the image that was labelled, so that it may differ.
        missing: True if a keypoint may be missing.
    """
    images = []
    for number in range(draw(st.integers(1, 3))):
        width, height = draw(st.integers(8, 40)), draw(st.integers(8, 40))
        orientation = draw(st.integers(1, 8))
        suffix = draw(st.sampled_from([".jpg", ".JPEG"] if orientation > 1 else [".png", ".jpg", ".PNG", ".bmp"]))
        instance = _instances(width, height, missing)
        labels = draw(st.lists(instance, min_size=1, max_size=instances, unique_by=lambda i: i.points))
        images.append(
            LabelledImage(
                f"{number}{draw(_WORDS)}{suffix}",
                width,
                height,
                orientation,
                draw(st.integers(1, 3)) if stated else 1,
                draw(_WORDS),
                tuple(labels),
            )
        )
    return images
