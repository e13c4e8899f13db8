"""Reading videos, with exact frame numbers and time stamps, upright images, and an error for every damage."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.package.image import Image
from heelstrike.video.completeness import PacketCount, Start, Timeline, riff_is_whole, stored_packets
from heelstrike.video.image import DecodedImage
from heelstrike.video.interlacing import Deinterlacer, FieldCheck
from heelstrike.video.opening import REENCODE, open_container, reason_of, video_stream
from heelstrike.video.orientation import Orientation, orientation_of


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    Attributes:
        number: Position in presentation order, from 0.
        time_s: Presentation time stamp in seconds, as the file states it.
        picture: The image as displayed, that is with rotation metadata applied. It is converted to RGB when needed.
    """

    number: int
    time_s: float
    picture: Image

    @property
    def image(self) -> UInt8[np.ndarray, "H W 3"]:
        """The RGB image."""
        return self.picture.rgb


class VideoReader:
    """Decodes a video once from its start. Use it as a context manager.

    It does not seek, since seeking by time is off by a frame or more in files with B-frames, edit lists or a variable
    frame rate. Every frame is decoded; only images that are asked for are converted to RGB.

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
            UserError: The file is missing, empty or not a video, its codec is not supported, or its pixels are not
                square.
        """
        self.path, self.decoded = path, 0
        self._deinterlacer, self._fields = Deinterlacer(), FieldCheck(path)
        self._size: tuple[int, int] | None = None
        self._container = open_container(path)
        try:
            self._stream = video_stream(path, self._container)
            self._unstamped = self._container.format.name == "avi"
            self._stream.codec_context.thread_count = threads
            self._stream.thread_type = "AUTO"
        except BaseException:
            self._container.close()
            raise

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
        orientation: Orientation | None = None
        for number, time_s, frame in self._decode(last):
            if wanted is None or number in wanted:
                orientation = orientation or orientation_of(self.path, frame)
                yield Frame(number, time_s, DecodedImage(frame, orientation))

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
        count, times, timeline, start = PacketCount(), list[float](), Timeline(), Start(not self._unstamped)
        self.decoded = 0
        for packet in self._packets(count):
            last_packet = packet.dts is None and not packet.size
            if last_packet:
                # before the decoder is flushed: in a cut file, the frames that it still holds may have gaps
                self._check_complete(count, timeline)
            if self.decoded > last or not (packet.size or last_packet):
                continue  # a packet without bytes stands for a frame that the recorder dropped
            start.add(packet)
            if not last_packet and packet.dts is not None and packet.time_base is not None:
                heappush(times, float(packet.dts * packet.time_base))
            for frame in self._frames_of(packet, timeline, start):
                # AVI has no presentation time stamps, so frames get the times of the packets in order
                stamp = heappop(times) if self._unstamped and times else frame.time
                timeline.add(frame.pts)
                self.decoded += 1
                yield self.decoded - 1, float((self.decoded - 1) / self.rate) if stamp is None else stamp, frame
        if not self.decoded and last >= 0:
            raise self._without_frames()

    def _packets(self, count: PacketCount) -> Iterator["av.Packet"]:
        try:
            for packet in self._container.demux(self._stream):
                count.add(packet)
                yield packet
        except av.FFmpegError as error:
            raise self._damaged(reason_of(error), Timeline()) from None

    def _frames_of(self, packet: "av.Packet", timeline: Timeline, start: Start) -> Iterator["av.VideoFrame"]:
        """Yield the frames that a packet completes, deinterlaced."""
        try:
            if packet.is_corrupt:
                raise av.InvalidDataError(0, "a frame is incomplete")
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise av.InvalidDataError(0, "a frame is damaged")
                self._check_frame(frame, start)
                yield from self._deinterlacer.push(frame)
            if not packet.size:
                yield from self._deinterlacer.flush()
        except av.FFmpegError as error:
            raise self._damaged(reason_of(error), timeline, before=packet.pts) from None

    def _check_frame(self, frame: "av.VideoFrame", start: Start) -> None:
        """Refuse a video whose start is cut off, whose frames change their size, or that is interlaced unmarked."""
        size = frame.width, frame.height
        if self._size is None and (missing := start.missing(frame)):
            frames = "1 frame" if missing == 1 else f"{missing} frames"
            raise UserError(
                f"{self.path}: its start is cut off: {frames} ({float(missing / self.rate):.2f} s) before the first "
                "complete one cannot be decoded, since what comes before them is not in the file, and programs number "
                f"the rest differently; {REENCODE}, which leaves them out"
            )
        if self._size not in (None, size):
            raise UserError(
                f"{self.path}: its pictures change from {self._size[0]}x{self._size[1]} to {size[0]}x{size[1]} pixels; "
                "cut it there into two videos"
            )
        self._size = size
        self._fields.look(frame)

    def _check_complete(self, count: PacketCount, timeline: Timeline) -> None:
        declared, present = int(self._stream.frames), count.packets
        if self._unstamped:  # frames that the recorder dropped have a number, but no packet
            present = declared if riff_is_whole(self.path) else max(present, count.last_dts + 1)
        seconds = self._declared_seconds()
        if count.packets == 0:
            raise self._without_frames()
        if count.cut:
            raise self._damaged("a frame is incomplete", timeline)
        if declared and present < declared and stored_packets(self.path) < declared:
            raise self._damaged(f"{present} of {declared} declared frames are there", timeline)
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

    def _damaged(self, reason: str, timeline: Timeline, before: int | None = None) -> UserError:
        """Return the error for a damaged file, after counting the good frames that the decoder still holds."""
        with suppress(av.FFmpegError):
            for frame in self._stream.codec_context.decode(None):
                if frame.is_corrupt or not timeline.follows(frame.pts, before):
                    break
                timeline.add(frame.pts)
                self.decoded += 1
        self.decoded += self._deinterlacer.waiting
        good = f"its last good frame is {self.decoded - 1}" if self.decoded else "no frame of it can be read"
        return UserError(f"{self.path}: truncated or damaged ({reason}); {good}; copy it again from where it came from")
