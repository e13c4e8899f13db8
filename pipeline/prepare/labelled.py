"""Labelled images and their filters. A filter that needs earlier frames gets the whole video before each frame."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from heelstrike.errors import UserError
from heelstrike.images import read_image
from heelstrike.preprocess.filters import Image, VideoFilters
from heelstrike.preprocess.settings import Filter, needs_video
from heelstrike.video.reader import VideoReader
from pipeline.layout import Layout


@dataclass(frozen=True)
class Labelled:
    """Files of a labelled image.

    Attributes:
        file: The image.
        video: The video that the image is a frame of; `None` for a still image.
        frame: Number of the frame in the video, from 0; -1 for a still image.
    """

    file: Path
    video: Path | None = None
    frame: int = -1


def labelled_image(layout: Layout, image: str, video: str, frame: int) -> Labelled:
    """Return a `Labelled` from the columns `image`, `video` and `frame` of the annotation table."""
    return Labelled(layout.out("collect") / image, layout.video(video) if video else None, frame)


class FilteredImage:
    """One image, whose filters are applied on demand.

    Attributes:
        image: The image as it was decoded.
    """

    def __init__(self, image: Image, filters: VideoFilters) -> None:
        self.image, self._filters = image, filters

    @cached_property
    def filtered(self) -> Image:
        """The filtered image, contiguous in memory."""
        return np.ascontiguousarray(self._filters(self.image))


def filtered_images(images: Sequence[Labelled], filters: Sequence[Filter]) -> Iterator[FilteredImage]:
    """Yield each image in order; an image that is repeated directly is decoded once.

    If a filter needs earlier frames, videos are decoded from their first frame, as a consumer does.

    Args:
        images: The images. Frames of one video follow each other in ascending order, as in all stages.
        filters: Filters of the prepare stage or of a package.

    Raises:
        UserError: An image cannot be read, or a filter needs a video and an image is a still.
    """
    if not needs_video(filters):
        chain = VideoFilters(filters)
        for file, repeats in itertools.groupby(images, key=lambda image: image.file):
            yield from itertools.repeat(FilteredImage(read_image(file), chain), len(list(repeats)))
        return
    stills = [f"{i.file}: a still image, but a filter needs the frames before it" for i in images if not i.video]
    if stills:
        raise UserError("\n".join([*stills, "take background_subtraction out of prepare.filters, or these images out"]))
    for video, frames in itertools.groupby(images, key=lambda image: image.video):
        assert video is not None
        yield from _frames(video, [frame.frame for frame in frames], filters)


def _frames(video: Path, numbers: list[int], filters: Sequence[Filter]) -> Iterator[FilteredImage]:
    if not video.is_file():
        raise UserError(
            f"{video}: not there, but a filter needs all its frames; put it back; if collect rendered it, run "
            "collect alone (`dvc repro --single-item --force`)"
        )
    wanted, chain = iter(numbers), VideoFilters(filters)
    number = next(wanted, None)
    with VideoReader(video) as reader:
        for frame in reader.frames(range(max(numbers) + 1)):
            if frame.number != number:
                chain.pass_by(frame.image)
                continue
            filtered = FilteredImage(frame.image, chain)
            while frame.number == number:
                yield filtered
                number = next(wanted, None)
            _ = filtered.filtered  # applied in any case, since the filters' state for later frames depends on it
    if number is not None:
        raise UserError(f"{video}: frame {number} was expected next, but it is out of order or beyond the end")
