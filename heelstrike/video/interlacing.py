"""Interlaced video, whose even and odd lines were taken one after the other, so that what moves looks like a comb.

Frames that the codec marks as interlaced are deinterlaced, also those of camcorders that mark progressive pictures.
Video that is interlaced without a mark is recognised by its combs and refused, since the order of its fields is
unknown. Progressive video is not touched.
"""

from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError

_EVERY = 16  # one pair of frames out of so many is looked at
_COLUMNS = 160  # about so many columns of a frame are looked at
_CONTRAST = 24  # lines of different fields differ by more than this, of the same field by less than half of it
_SHARE, _PIXELS = 0.15, 0.0005  # combed, as shares of the pixels that move and of all pixels
_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "nv12", "gray")
_COMB = 6  # lines that must alternate


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


class CombCheck:
    """Looks for combs in frames that are not marked as interlaced.

    Args:
        path: The video, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0
        self._previous: UInt8[np.ndarray, "H W"] | None = None

    def look(self, frame: "av.VideoFrame") -> None:
        """Look at the next frame in presentation order.

        Raises:
            UserError: The video is interlaced.
        """
        place = self._count % _EVERY
        self._count += 1
        if place > 1 or frame.interlaced_frame:
            return
        luma = _luma(frame)
        if place == 1 and self._previous is not None and is_combed(self._previous, luma):
            raise UserError(
                f"{self._path}: is interlaced (frame {self._count - 1} has combs), but not marked as such; deinterlace "
                "it with `ffmpeg -i IN -vf setfield=tff,bwdif=mode=send_frame -c:v libx264 -crf 16 OUT.mp4` (bff "
                "instead of tff if movements then go back and forth); frame numbers stay"
            )
        self._previous = luma


def _luma(frame: "av.VideoFrame") -> UInt8[np.ndarray, "H W"]:
    """Return some columns of the brightness."""
    step = max(1, frame.width // _COLUMNS)
    if frame.format.name in _PLANAR:  # ten times as fast as a conversion
        plane = frame.planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        return lines[:, : plane.width : step].copy()
    return frame.to_ndarray(format="gray")[:, ::step]


def is_combed(before: UInt8[np.ndarray, "H W"], frame: UInt8[np.ndarray, "H W"]) -> bool:
    """Return True if what moves between two successive frames alternates from line to line in the second of them.

    A pixel is combed if it belongs to six lines that alternate: neighbouring lines differ by much, and lines of the
    same field by little. Thin lines and noise are not, and stripes that do not move are not counted.
    """
    if before.shape != frame.shape or len(frame) < _COMB:
        return False
    lines = frame.astype(np.int16)
    moves = np.abs(lines - before) > _CONTRAST
    other = np.abs(lines[1:] - lines[:-1]) > _CONTRAST
    same = np.abs(lines[2:] - lines[:-2]) < _CONTRAST // 2
    last = len(lines) - _COMB + 1
    combed = moves[2 : last + 2].copy()
    for line in range(_COMB - 1):
        combed &= other[line : last + line]
    for line in range(_COMB - 2):
        combed &= same[line : last + line]
    count = int(combed.sum())
    return count > _PIXELS * frame.size and count > _SHARE * int(moves.sum())
