"""Labelled images with the filters they are seen through: stills as they are, frames after all frames before them."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from heelstrike.errors import UserError
from heelstrike.images import read_image
from heelstrike.preprocess.filters import Image, VideoFilters, needs_video
from heelstrike.preprocess.settings import Filter
from heelstrike.video.reader import VideoReader
from pipeline.layout import Layout


@dataclass(frozen=True)
class Labelled:
    """Where the pixels of a labelled image are.

    Attributes:
        file: The image.
        video: The video it is a frame of; none for a still image.
        frame: Its number in the video, from 0.
    """

    file: Path
    video: Path | None = None
    frame: int = -1


def labelled_image(layout: Layout, image: str, video: str, frame: int) -> Labelled:
    """The same from the columns `image`, `video` and `frame` of the annotation table."""
    return Labelled(layout.out("collect") / image, layout.video(video) if video else None, frame)


class Shown:
    """One image.

    Attributes:
        image: As it was decoded.
    """

    def __init__(self, image: Image, filters: VideoFilters) -> None:
        self.image, self._filters = image, filters

    @cached_property
    def filtered(self) -> Image:
        """Through the filters, contiguous in memory."""
        return np.ascontiguousarray(self._filters(self.image))


def show(images: Sequence[Labelled], filters: Sequence[Filter]) -> Iterator[Shown]:
    """Each image, in order; an image that comes several times on end is decoded once.

    Where a filter needs the frames before, videos are decoded again from their first frame, as a consumer does.

    Args:
        images: Frames of the same video on end and in order, as all stages have them.
        filters: Of the prepare stage or of a package.

    Raises:
        UserError: An image cannot be read, or is a still image where a filter needs a video.
    """
    if not needs_video(filters):
        chain = VideoFilters(filters)
        for file, same in itertools.groupby(images, key=lambda one: one.file):
            yield from itertools.repeat(Shown(read_image(file), chain), len(list(same)))
        return
    stills = [f"{one.file}: a still image, but a filter needs the frames before it" for one in images if not one.video]
    if stills:
        raise UserError("\n".join([*stills, "take background_subtraction out of prepare.filters, or these images out"]))
    for video, frames in itertools.groupby(images, key=lambda one: one.video):
        assert video is not None
        yield from _frames(video, [one.frame for one in frames], filters)


def _frames(video: Path, numbers: list[int], filters: Sequence[Filter]) -> Iterator[Shown]:
    if not video.is_file():
        raise UserError(
            f"{video}: not there, but a filter needs all its frames; put it back, or where collect rendered it, run "
            "collect by itself (`dvc repro --single-item --force`)"
        )
    wanted, chain = iter(numbers), VideoFilters(filters)
    number = next(wanted, None)
    with VideoReader(video) as reader:
        for frame in reader.frames(range(max(numbers) + 1)):
            if frame.number != number:
                chain.pass_by(frame.image)
                continue
            shown = Shown(frame.image, chain)
            while frame.number == number:
                yield shown
                number = next(wanted, None)
            _ = shown.filtered  # even where nobody looked: later frames depend on it
    if number is not None:
        raise UserError(f"{video}: frame {number} was expected next, but it is out of order or beyond the end")
