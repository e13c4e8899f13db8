"""A decoded frame as an image: parts of it are scaled straight from the decoder's planes.

FFmpeg's swscale makes a network's input from the planes of brightness and colour for a quarter of what it costs to
convert the frame to RGB and to scale that in the graph. Its `BILINEAR` widens its triangle when it shrinks, as ONNX
Resize does with `antialias`. It writes planes of RGB, whose colours are interpolated to every column: the same bytes as
interleaved ones with FFmpeg's `FULL_CHR_H_INT`, in half the time. What differs from the graph is rounding, and edges of
strong colours, since the planes hold a colour for every second pixel only. benchmarks/RESULTS.md has the difference in
gray levels and in pixels of keypoints.
"""

from functools import cached_property

import av
import numpy as np
from av.video.reformatter import Interpolation
from jaxtyping import UInt8

from heelstrike.package.image import ArrayImage, Image, Pixels
from heelstrike.package.view import View
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from heelstrike.video.orientation import Orientation

_HALVED = ("yuv420p", "yuvj420p")
"""Formats of 8 bits whose colours have half the width and half the height of the brightness."""

_PLANES = "gbrp"  # a plane each of green, blue and red
_FULL_RANGE = 2  # FFmpeg's AVCOL_RANGE_JPEG
_GRAY, _GRAY_OF_FULL_RANGE, _NO_COLOUR = 126, 128, 128  # mid-gray in the planes
_WHOLE = 1e-3  # a side is a whole number of pixels if it is this near to one


class DecodedImage(Image):
    """A frame of a video as displayed.

    Args:
        frame: The frame as stored.
        orientation: How it is displayed.
    """

    def __init__(self, frame: "av.VideoFrame", orientation: Orientation) -> None:
        self._frame, self._orientation = frame, orientation

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self._frame.height, self._frame.width
        return (width, height) if self._orientation.swap else (height, width)

    @cached_property
    def rgb(self) -> Pixels:
        """All pixels, converted at the first use."""
        return self._orientation.displayed(self._frame.to_ndarray(format="rgb24"))

    def cut(self, view: View) -> Image:
        """Return the part in a view; gray where the view reaches beyond the image."""
        stored = self._orientation.stored(view, *self.shape)
        is_even = not any(number % 2 for number in (stored.x, stored.y, stored.side, *self.shape))
        if self._frame.format.name not in _HALVED or not is_even:
            return ArrayImage(view.cut(self.rgb))
        return DecodedImage(_part(self._frame, stored), self._orientation)

    def for_input(self, size: InputSize) -> Pixels:
        """Return the image scaled for a network's input, if that shrinks it and both sides get whole pixels."""
        height, width = self.shape
        scale = Letterbox.fit(width, height, size).scale
        stored = scale * np.array([self._frame.width, self._frame.height])
        if scale >= 1 or np.abs(stored - stored.round()).max() > _WHOLE or self._frame.format.name not in _HALVED:
            return self.rgb
        columns, rows = stored.round().astype(int).tolist()
        scaled = self._frame.reformat(columns, rows, _PLANES, interpolation=Interpolation.BILINEAR, threads=1)
        return self._orientation.displayed(scaled.to_ndarray())


def _part(frame: "av.VideoFrame", view: View) -> "av.VideoFrame":
    """Return the part of a frame of half colour resolution in an even view; gray where the view reaches beyond it."""
    part = av.VideoFrame(view.side, view.side, frame.format.name)
    part.colorspace, part.color_range = frame.colorspace, frame.color_range
    is_full = frame.color_range == _FULL_RANGE or frame.format.name == "yuvj420p"
    gray = _GRAY_OF_FULL_RANGE if is_full else _GRAY
    views = (view, view.halved, view.halved)
    for region, source, target, pad in zip(
        views, frame.planes, part.planes, (gray, _NO_COLOUR, _NO_COLOUR), strict=True
    ):
        region.fill(_pixels(source), _pixels(target), pad)
    return part


def _pixels(plane: "av.video.plane.VideoPlane") -> UInt8[np.ndarray, "H W"]:
    """Return the pixels of a plane, in its own memory."""
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]
