"""Reading videos, with exact frame numbers and time stamps, upright images, and an error for every damage."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.sidedata.sidedata import Type
from jaxtyping import UInt8

from heelstrike.errors import UserError

_REENCODE = "convert it with `ffmpeg -i IN -c:v libx264 -crf 16 OUT.mp4`"


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    Attributes:
        number: Position in presentation order, from 0.
        time_s: Presentation time stamp in seconds, as the file states it.
        image: RGB image as displayed, that is with rotation metadata applied.
    """

    number: int
    time_s: float
    image: UInt8[np.ndarray, "H W 3"]


class VideoReader:
    """Decodes a video once from its start. Use it as a context manager.

    It does not seek, since seeking by time is off by a frame or more in files with B-frames, edit lists or a variable
    frame rate. Every frame is decoded; only the wanted ones are converted to RGB.

    Example:
        with VideoReader(path) as video:
            for frame in video.frames(wanted={0, 40, 80}):
                use(frame.number, frame.time_s, frame.image)
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open a video.

        Args:
            path: The file.
            threads: Decoder threads; 0 leaves the number to the decoder.

        Raises:
            UserError: The file is missing, empty or not a video, or its codec is not supported.
        """
        self.path, self.decoded = path, 0
        if not path.is_file():
            raise UserError(f"{path}: no such video")
        if path.stat().st_size == 0:
            raise UserError(f"{path}: empty (0 bytes); copy the video again from where it came from")
        try:
            self._container = av.open(str(path))
        except (av.FFmpegError, ValueError) as error:
            raise UserError(
                f"{path}: not a readable video ({_reason(error)}): truncated before its index, or not a video at all; "
                f"copy it again from where it came from"
            ) from None
        try:
            self._stream = self._video_stream()
            self._unstamped = self._container.format.name == "avi"
            self._stream.codec_context.thread_count = threads
            self._stream.thread_type = "AUTO"
        except BaseException:
            self._container.close()
            raise

    def _video_stream(self) -> "av.VideoStream":
        name = self._container.format.name
        if not self._container.streams.video or name.endswith("_pipe") or name in {"tty", "image2"}:
            raise UserError(f"{self.path}: holds no video (it was recognised as {name}); remove it or replace it")
        stream = self._container.streams.video[0]
        if getattr(stream, "codec_context", None) is None:
            raise UserError(
                f"{self.path}: its codec is not known to this build of FFmpeg, or the file is cut off before it; "
                f"{_REENCODE}, or copy it again from where it came from"
            )
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    def rate(self) -> Fraction:
        """Average frames per second as the file states it; 25 if it does not."""
        return self._stream.average_rate or self._stream.guessed_rate or Fraction(25)

    @property
    def declared_frames(self) -> int | None:
        """Number of frames that the file declares or implies by its duration. It may be wrong."""
        if self._stream.frames:
            return int(self._stream.frames)
        duration = self._declared_seconds()
        return None if duration is None else round(duration * self.rate)

    def frames(self, wanted: Collection[int] | None = None) -> Iterator[Frame]:
        """Yield frames in presentation order, and count decoded frames in `decoded`.

        After the last wanted frame the rest of the file is read but not decoded, to check that nothing is missing.
        Wanted frames beyond the end are not an error; `decoded` is then the number of frames.

        Args:
            wanted: Numbers of the frames to yield; `None` means all.

        Raises:
            UserError: The video is damaged or truncated, after the good wanted frames were yielded.
        """
        last = np.inf if wanted is None else max(wanted, default=-1)
        upright: Callable[[np.ndarray], np.ndarray] | None = None
        for number, time_s, frame in self._decode(last):
            if wanted is None or number in wanted:
                upright = upright or _upright(frame)
                yield Frame(number, time_s, upright(frame.to_ndarray(format="rgb24")))

    def count(self) -> int:
        """Decode the whole video and return its number of frames.

        Raises:
            UserError: The video is damaged or truncated.
        """
        for _ in self._decode(np.inf):
            pass
        return self.decoded

    def _decode(self, last: float) -> Iterator[tuple[int, float, "av.VideoFrame"]]:
        """Yield frames with numbers and time stamps up to number `last`; read the rest without decoding it."""
        count, times, timeline = _PacketCount(), list[float](), _Timeline()
        self.decoded = 0
        for packet in self._packets(count):
            last_packet = packet.dts is None and not packet.size
            if last_packet:
                # before the decoder is flushed: in a cut file, the frames that it still holds may have gaps
                self._check_complete(count, timeline)
            if self.decoded > last:
                continue
            if not last_packet and packet.dts is not None and packet.time_base is not None:
                heappush(times, float(packet.dts * packet.time_base))
            for frame in self._frames_of(packet, timeline):
                # AVI has no presentation time stamps, so frames get the times of the packets in order
                stamp = heappop(times) if self._unstamped and times else frame.time
                timeline.add(frame.pts)
                self.decoded += 1
                yield self.decoded - 1, float((self.decoded - 1) / self.rate) if stamp is None else stamp, frame
        if not self.decoded and last >= 0:
            raise self._without_frames()

    def _packets(self, count: "_PacketCount") -> Iterator["av.Packet"]:
        try:
            for packet in self._container.demux(self._stream):
                count.add(packet)
                yield packet
        except av.FFmpegError as error:
            raise self._damaged(_reason(error), _Timeline()) from None

    def _frames_of(self, packet: "av.Packet", timeline: "_Timeline") -> Iterator["av.VideoFrame"]:
        """Yield the frames that a packet completes."""
        try:
            if packet.is_corrupt:
                raise av.InvalidDataError(0, "the file ends within a frame")
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise av.InvalidDataError(0, "a frame is damaged")
                yield frame
        except av.FFmpegError as error:
            raise self._damaged(_reason(error), timeline, before=packet.pts) from None

    def _check_complete(self, count: "_PacketCount", timeline: "_Timeline") -> None:
        declared = int(self._stream.frames)
        seconds = self._declared_seconds()
        if count.packets == 0:
            raise self._without_frames()
        if count.cut:
            raise self._damaged("the file ends within a frame", timeline)
        if declared and count.packets < declared:
            raise self._damaged(f"{count.packets} of {declared} declared frames are there", timeline)
        if not declared and seconds is not None and count.end_s + count.slack_s < seconds:
            raise self._damaged(f"it ends at {count.end_s:.2f} s of {seconds:.2f} declared", timeline)

    def _declared_seconds(self) -> float | None:
        """Return the duration of the video stream, or of the file if it has no other stream; `None` if unknown."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        stated = self._stream.metadata.get("DURATION", "")  # Matroska: 00:00:02.040000000
        with suppress(ValueError):  # any program may have written another text
            hours, minutes, seconds = stated.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return float(self._container.duration / av.time_base)
        return None

    def _without_frames(self) -> UserError:
        return UserError(f"{self.path}: holds no frame; copy it again from where it came from")

    def _damaged(self, reason: str, timeline: "_Timeline", before: int | None = None) -> UserError:
        """Return the error for a damaged file, after counting the good frames that the decoder still holds."""
        with suppress(av.FFmpegError):
            for frame in self._stream.codec_context.decode(None):
                if frame.is_corrupt or not timeline.follows(frame.pts, before):
                    break
                timeline.add(frame.pts)
                self.decoded += 1
        good = f"its last good frame is {self.decoded - 1}" if self.decoded else "no frame of it can be read"
        return UserError(f"{self.path}: truncated or damaged ({reason}); {good}; copy it again from where it came from")


class _Timeline:
    """Time stamps of the frames that were decoded, in the stream's units."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._longest = 0

    def add(self, pts: int | None) -> None:
        """Add the time stamp of one frame."""
        if pts is not None:
            if self._last is not None:
                self._longest = max(self._longest, pts - self._last)
            self._last = pts

    def follows(self, pts: int | None, before: int | None) -> bool:
        """Return True if a frame from the decoder is the next one: before the damage, and without an unusual gap."""
        if pts is None or (before is not None and pts >= before):
            return False
        return before is not None or self._last is None or pts - self._last <= 1.5 * self._longest


class _PacketCount:
    """Counts the packets of a file, to compare them with what the file declares.

    Attributes:
        packets: Number of packets.
        cut: True if a packet is incomplete.
        end_s: End of the last packet in presentation order, in seconds.
        slack_s: How much earlier than declared a complete file may end, since durations of packets are often unknown.
    """

    def __init__(self) -> None:
        self.packets, self.cut, self.end_s, self.slack_s, self._last = 0, False, 0.0, 0.05, -np.inf

    def add(self, packet: "av.Packet") -> None:
        """Count a packet, except for the empty one at the end of the file."""
        if packet.dts is None and not packet.size:
            return
        self.packets += 1
        self.cut |= packet.is_corrupt
        if packet.time_base is None or packet.dts is None:
            return
        at = float((packet.dts if packet.pts is None else packet.pts) * packet.time_base)
        decode_at = float(packet.dts * packet.time_base)
        if np.isfinite(self._last):
            self.slack_s = max(self.slack_s, 1.5 * (decode_at - self._last))
        self._last = decode_at
        self.end_s = max(self.end_s, at + float((packet.duration or 0) * packet.time_base))


def _upright(frame: "av.VideoFrame") -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that turns and mirrors a decoded image to the orientation in which players show it.

    The display matrix maps (x, y) of the stored image to the displayed one: x' = a x + c y, y' = b x + d y, with the
    nine numbers of the matrix being a b u c d v x y w (ISO/IEC 14496-12, 8.3.2). Only its quarter turns and mirrorings
    are applied.
    """
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None:
        return lambda image: image
    a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32)[:5].tolist()
    swap = abs(b) > abs(a)
    left_right, up_down = (c < 0, b < 0) if swap else (a < 0, d < 0)

    def turn(image: np.ndarray) -> np.ndarray:
        turned = image.transpose(1, 0, 2) if swap else image
        turned = turned[:, ::-1] if left_right else turned
        return np.ascontiguousarray(turned[::-1] if up_down else turned)

    return turn


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
