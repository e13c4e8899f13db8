"""Write H.264 MP4 files: the same frames give the same bytes, and a file is there whole or not at all."""

from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
from jaxtyping import UInt8

from pipeline.errors import UserError
from pipeline.files import write_aside

# U and V of BT.601 in studio range, from 8-bit RGB
_COLOUR = np.array([[-0.14822, -0.29099, 0.43922, 128], [0.43922, -0.36779, -0.07143, 128]], np.float32)


class VideoWriter:
    """A video file being written; it appears under its name when the block ends without an error.

    Example:
        with VideoWriter(path, fps=30) as video:
            for frame in frames:
                video.add(frame)

    Args:
        path: The file; MP4 whatever its suffix.
        fps: Frames per second.
        quality: x264's constant rate factor: 0 is lossless, 18 looks so, 35 is poor.
        preset: x264's speed preset.
    """

    def __init__(self, path: Path, fps: float, quality: int = 20, preset: str = "veryfast") -> None:
        self._path, self._fps = path, Fraction(fps).limit_denominator(1001)
        # one thread and no wall-clock metadata: bytes depend on the frames alone
        self._options = {"crf": str(quality), "preset": preset, "threads": "1"}
        self._open = ExitStack()
        self._stream: av.VideoStream | None = None

    def __enter__(self) -> Self:
        aside = self._open.enter_context(write_aside(self._path))
        self._container = self._open.enter_context(
            av.open(str(aside), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"})
        )
        return self

    def add(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        """Append an RGB frame; all have the first one's size, which must be even.

        Raises:
            UserError: An odd size, or another than the first frame's.
        """
        height, width = frame.shape[:2]
        if self._stream is None:
            if width % 2 or height % 2:
                raise UserError(f"{self._path}: frames of {width}x{height}; H.264 needs an even width and height")
            self._stream = self._container.add_stream("libx264", rate=self._fps, options=self._options)
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        elif (width, height) != (self._stream.width, self._stream.height):
            expected = f"{self._stream.width}x{self._stream.height}"
            raise UserError(f"{self._path}: a frame of {width}x{height} in a video of {expected}")
        # left to the encoder, the conversion differs now and then from run to run on a busy machine (PyAV 18.1)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(format="yuv420p")
        self._container.mux(self._stream.encode(picture))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            return self._open.__exit__(kind, error, trace)
        try:
            if self._stream is None:
                raise UserError(f"{self._path}: a video without any frame")
            self._container.mux(self._stream.encode(None))
        except BaseException as late:
            self._open.__exit__(type(late), late, late.__traceback__)
            raise
        return self._open.__exit__(None, None, None)


def _planes(frame: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H*3//2 W"]:
    """Y, U and V planes (BT.601, studio range), colour averaged over 2x2 pixels.

    FFmpeg's own conversion is not used: its bytes at the edges differ from run to run.
    """
    height, width = frame.shape[:2]
    planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
    # OpenCV takes each block's first pixel for the colour, which would shift it; half a picture is all it needs
    half = cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    colour = cv2.transform(half.astype(np.float32), _COLOUR)
    planes[height:] = np.rint(np.moveaxis(colour, 2, 0)).astype(np.uint8).reshape(height // 2, width)
    return planes


def write_video(
    path: Path, frames: Iterable[UInt8[np.ndarray, "H W 3"]], fps: float, quality: int = 20, preset: str = "veryfast"
) -> None:
    """Write all frames to an MP4 file; see `VideoWriter`."""
    with VideoWriter(path, fps, quality, preset) as video:
        for frame in frames:
            video.add(frame)
