"""Interlaced video, whose even and odd lines were taken one after the other, so that what moves looks like a comb.

Frames that the codec marks as interlaced are deinterlaced, also those of camcorders that mark progressive pictures.
Video that is interlaced without a mark is recognised by the movement between its fields and refused. Progressive video
is not touched.
"""

from pathlib import Path

import av
import numpy as np
from jaxtyping import Int64, UInt8

from heelstrike.errors import UserError

_EVERY = 16  # three frames out of so many are looked at
_COLUMNS = 160  # about so many columns of a frame are looked at
_MOVES = 24  # a pixel moves if it changes by more than this
_PIXELS = 250  # moving pixels of each field that are enough to tell
_RATIO, _OWN_RATIO = 1.4, 2.0  # of misfits; interlaced video has 1.5 and 1.8, progressive video 1.1 and 8
_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "nv12", "gray")


class Deinterlacer:
    """Deinterlaces the frames that are marked as interlaced, one frame for one frame, by FFmpeg's filter `bwdif`.

    It starts with the first marked frame; frames before it and progressive videos pass as they are.
    """

    def __init__(self) -> None:
        self._graph: av.filter.Graph | None = None
        self.waiting = 0
        """Number of frames that wait for the frame after them."""

    def push(self, frame: "av.VideoFrame") -> "list[av.VideoFrame]":
        """Take the next frame and return the frames that are ready."""
        if self._graph is None:
            if not frame.interlaced_frame:
                return [frame]
            self._graph = _graph(frame)
        self.waiting += 1
        self._graph.vpush(frame)
        return self._ready(self._graph)

    def flush(self) -> "list[av.VideoFrame]":
        """Return the frames that still wait, after the last frame."""
        if self._graph is None:
            return []
        self._graph.vpush(None)
        return self._ready(self._graph)

    def _ready(self, graph: "av.filter.Graph") -> "list[av.VideoFrame]":
        frames = []
        while True:
            try:
                frames.append(graph.vpull())
            except (av.BlockingIOError, av.EOFError):
                self.waiting -= len(frames)
                return frames


def _graph(frame: "av.VideoFrame") -> "av.filter.Graph":
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    source.link_to(bwdif)
    bwdif.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


class FieldCheck:
    """Looks for interlacing in frames that are not marked as interlaced.

    Args:
        path: The video, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count, self._moving = path, 0, np.zeros(2, np.int64)
        self._frames = list[UInt8[np.ndarray, "H W"]]()
        self._misfit = np.zeros((3, 2), np.int64)

    def look(self, frame: "av.VideoFrame") -> None:
        """Look at the next frame in presentation order.

        Raises:
            UserError: The video is interlaced.
        """
        place = self._count % _EVERY
        self._count += 1
        if place == 0 or frame.interlaced_frame:
            self._frames.clear()
        if place > 2 or frame.interlaced_frame:
            return
        self._frames.append(_luma(frame))
        if len(self._frames) < 3:
            return
        misfit, moving = field_misfit(*self._frames)
        self._misfit += misfit
        self._moving += moving
        before, own, after = self._misfit
        fits_before = (after > _RATIO * before) & (before < _OWN_RATIO * own)
        fits_after = (before > _RATIO * after) & (after < _OWN_RATIO * own)
        if self._moving.min() > _PIXELS and ((fits_before[0] and fits_after[1]) or (fits_after[0] and fits_before[1])):
            order = "bff" if fits_before[0] else "tff"
            raise UserError(
                f"{self._path}: is interlaced (seen up to frame {self._count - 1}), but not marked as such; "
                f"deinterlace it with `ffmpeg -i IN -vf setfield={order},bwdif=mode=send_frame -c:v libx264 -crf 16 "
                "OUT.mp4`; frame numbers stay"
            )


def field_misfit(
    before: UInt8[np.ndarray, "H W"], frame: UInt8[np.ndarray, "H W"], after: UInt8[np.ndarray, "H W"]
) -> tuple[Int64[np.ndarray, "3 2"], Int64[np.ndarray, "2"]]:
    """Return how badly lines of three successive frames fit between the lines of the middle one.

    If the video is interlaced and the top field is the earlier one, top lines of the frame after and bottom lines of
    the frame before fit about as well as the frame's own, since they are as near in time; if it is the later one, it is
    the other way round. In progressive video its own lines fit far better. Only what moves counts. FFmpeg's filter
    `idet` compares lines in this way too.

    Returns:
        The misfits of the frame before, the frame and the frame after (rows) for the lines of the top and the bottom
        field (columns); and for both fields, the number of pixels that move.
    """
    misfit, count = np.zeros((3, 2), np.int64), np.zeros(2, np.int64)
    if not before.shape == frame.shape == after.shape:
        return misfit, count
    frames = np.stack([before, frame, after]).astype(np.int16)
    lines = frames[1]
    moving = np.abs(frames[0] - frames[2]) > _MOVES
    for field in (0, 1):  # of lines that have a neighbour on either side
        inner = slice(field or 2, len(lines) - 1, 2)
        around = lines[inner.start - 1 : len(lines) - 2 : 2] + lines[inner.start + 1 :: 2]
        misfit[:, field] = (np.abs(around - 2 * frames[:, inner]) * moving[inner]).sum(axis=(1, 2), dtype=np.int64)
        count[field] = moving[inner].sum()
    return misfit, count


def _luma(frame: "av.VideoFrame") -> UInt8[np.ndarray, "H W"]:
    """Return some columns of the brightness."""
    step = max(1, frame.width // _COLUMNS)
    if frame.format.name in _PLANAR:  # ten times as fast as a conversion
        plane = frame.planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        return lines[:, : plane.width : step].copy()
    return frame.to_ndarray(format="gray")[:, ::step]
