"""Writing MP4 files in H.264 or HEVC. Equal frames give equal bytes, and a file is written completely or not at all."""

from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.files import write_aside

Codec = Literal["h264", "hevc"]

# for reproducible bytes: one thread, no time in the metadata, and no macroblock tree, whose AVX-512 code in x264 gave
# different bytes in half of the runs of one clip (0 of 1600 without it)
_ENCODERS: dict[Codec, Literal["libx264", "libx265"]] = {"h264": "libx264", "hevc": "libx265"}
_H264 = {"threads": "1", "x264-params": "mbtree=0"}
_HEVC = {"x265-params": "log-level=none:pools=none:frame-threads=1:wpp=0:info=0", "tag": "hvc1"}


class VideoWriter:
    """Writes a video file, which appears under its name when the block ends without an error.

    Example:
        with VideoWriter(path, fps=30) as video:
            for frame in frames:
                video.add(frame)

    Args:
        path: The file. It is an MP4, whatever its suffix.
        fps: Frames per second.
        quality: the encoder's constant rate factor: 0 is lossless, 18 looks lossless, 35 is poor.
        preset: The encoder's speed preset.
        comment: Text for the file's metadata.
        codec: `h264`, or `hevc`, which some phones record and most browsers do not show.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        quality: int = 20,
        preset: str = "veryfast",
        comment: str | None = None,
        codec: Codec = "h264",
    ) -> None:
        self._path, self._fps, self._comment = path, Fraction(fps).limit_denominator(1001), comment
        self._codec: Codec = codec
        self._options = {"crf": str(quality), "preset": preset, **(_H264 if codec == "h264" else _HEVC)}
        self._open = ExitStack()
        self._stream: av.VideoStream | None = None

    def __enter__(self) -> Self:
        aside = self._open.enter_context(write_aside(self._path))
        self._container = self._open.enter_context(
            av.open(str(aside), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"})
        )
        if self._comment is not None:
            self._container.metadata["comment"] = self._comment
        return self

    def add(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        """Append an RGB frame. All frames have the same size, which must be even.

        Raises:
            UserError: The size is odd, or differs from the first frame's.
        """
        height, width = frame.shape[:2]
        if self._stream is None:
            if width % 2 or height % 2:
                raise UserError(f"{self._path}: frames of {width}x{height}; H.264 needs an even width and height")
            self._stream = self._container.add_stream(_ENCODERS[self._codec], rate=self._fps, options=self._options)
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        elif (width, height) != (self._stream.width, self._stream.height):
            expected = f"{self._stream.width}x{self._stream.height}"
            raise UserError(f"{self._path}: a frame of {width}x{height} in a video of {expected}")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
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


def write_video(
    path: Path, frames: Iterable[UInt8[np.ndarray, "H W 3"]], fps: float, quality: int = 20, preset: str = "veryfast"
) -> None:
    """Write frames to an MP4 file. The arguments are those of `VideoWriter`."""
    with VideoWriter(path, fps, quality, preset) as video:
        for frame in frames:
            video.add(frame)
