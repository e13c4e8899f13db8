"""Reading videos: exact frame numbers and time stamps, upright images, and no silence about damage."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.sidedata.sidedata import Type
from jaxtyping import UInt8

from pipeline.errors import UserError

_REENCODE = "convert it with `ffmpeg -i IN -c:v libx264 -crf 16 OUT.mp4`"


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    Attributes:
        number: Position in presentation order, from 0.
        time_s: Presentation time stamp in seconds, as the file states it.
        image: RGB as displayed (rotation metadata applied), (H, W, 3).
    """

    number: int
    time_s: float
    image: UInt8[np.ndarray, "H W 3"]


class VideoReader:
    """Decodes a video from its start, once; a context manager.

    Frames are never sought: seeking by time misses by a frame or more in files with B-frames, edit lists or a variable
    frame rate. Every frame is decoded, only the wanted ones are converted to RGB.

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
            UserError: Not there, empty, no video, or in a codec that this build cannot decode.
        """
        self.path = path
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
            raise UserError(f"{self.path}: its codec is not known to this build of FFmpeg; {_REENCODE}")
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    def rate(self) -> Fraction:
        """Average frames per second as the file states it; 25 where it does not."""
        return self._stream.average_rate or self._stream.guessed_rate or Fraction(25)

    @property
    def declared_frames(self) -> int | None:
        """Number of frames that the file declares or implies by its duration; for progress only."""
        if self._stream.frames:
            return int(self._stream.frames)
        duration = self._declared_seconds()
        return None if duration is None else round(duration * self.rate)

    def frames(self, wanted: Collection[int] | None = None) -> Iterator[Frame]:
        """Yield frames in presentation order.

        After the last wanted frame the rest of the file is still read (not decoded), to see that nothing is missing.

        Args:
            wanted: Frame numbers; None for all.

        Raises:
            UserError: The video is damaged or truncated (after all good wanted frames were yielded), or has fewer
                frames than wanted.
        """
        last = None if wanted is None else max(wanted, default=-1)
        tally = _Tally()
        upright: Callable[[np.ndarray], np.ndarray] | None = None
        try:
            for packet in self._container.demux(self._stream):
                tally.count(packet)
                if last is not None and tally.decoded > last:
                    continue
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise av.InvalidDataError(0, "a frame is damaged")
                    upright = upright or _upright(frame)
                    number = tally.decoded
                    time_s = frame.time if frame.time is not None else float(number / self.rate)
                    tally.saw(time_s)
                    if wanted is None or number in wanted:
                        image = frame.to_ndarray(format="rgb24")
                        yield Frame(number, time_s, upright(image))
        except av.FFmpegError as error:
            raise self._damaged(tally, _reason(error)) from None
        self._check_complete(tally)
        if last is not None and last >= tally.decoded:
            count = tally.decoded
            raise UserError(
                f"{self.path}: frame {last} is asked for, but the video has {count} frames (0 to {count - 1}); correct "
                f"the label's frame number, or put the right video there"
            )

    def _check_complete(self, tally: "_Tally") -> None:
        if tally.cut:
            raise self._damaged(tally, "the file ends within a frame")
        declared = int(self._stream.frames)
        if declared and tally.packets < declared:
            raise self._damaged(tally, f"{tally.packets} of {declared} declared frames are there")
        if tally.decoded == 0 and tally.packets == 0:
            raise UserError(f"{self.path}: holds no frame; copy it again from where it came from")
        seconds = self._declared_seconds()
        if not declared and seconds is not None and tally.end_s + tally.slack_s < seconds:
            raise self._damaged(tally, f"it ends at {tally.end_s:.2f} s of {seconds:.2f} declared")

    def _declared_seconds(self) -> float | None:
        """Duration of the video stream, of the file where only video is in it, or unknown."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        stated = self._stream.metadata.get("DURATION")  # Matroska: 00:00:02.040000000
        if stated:
            hours, minutes, seconds = stated.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return float(self._container.duration / av.time_base)
        return None

    def _damaged(self, tally: "_Tally", reason: str) -> UserError:
        good = f"its last good frame is {tally.decoded - 1}" if tally.decoded else "no frame of it can be read"
        return UserError(f"{self.path}: truncated or damaged ({reason}); {good}; copy it again from where it came from")


class _Tally:
    """What was met while reading a file, to compare with what it declares."""

    def __init__(self) -> None:
        self.packets, self.decoded = 0, 0
        self.cut = False
        self.end_s, self._gap, self._last = 0.0, 0.0, -np.inf

    def count(self, packet: "av.Packet") -> None:
        """Count a packet that was read; the last one of a decoding run is empty."""
        if packet.dts is None and not packet.size:
            return
        self.packets += 1
        self.cut |= packet.is_corrupt
        if packet.pts is not None and packet.time_base is not None:
            duration = packet.duration or 0
            self.end_s = max(self.end_s, float((packet.pts + duration) * packet.time_base))

    def saw(self, time_s: float) -> None:
        """Count a decoded frame."""
        self.decoded += 1
        if np.isfinite(self._last):
            self._gap = max(self._gap, time_s - self._last)
        self._last = time_s

    @property
    def slack_s(self) -> float:
        """By how much a whole file's last packet may end before the declared duration."""
        return 1.5 * self._gap + 0.05


def _upright(frame: "av.VideoFrame") -> Callable[[np.ndarray], np.ndarray]:
    """How to turn and mirror a decoded image so that it stands as a player shows it.

    The display matrix maps (x, y) of the stored to the shown image: x' = a x + c y, y' = b x + d y, with the nine
    numbers of the matrix being a b u c d v x y w (ISO/IEC 14496-12, 8.3.2). Only its quarter turns and mirrorings are
    applied.
    """
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None:
        return lambda image: image
    a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32)[:5].tolist()
    swap = abs(b) > abs(a)
    left_right, up_down = (c < 0, b < 0) if swap else (a < 0, d < 0)

    def turn(image: np.ndarray) -> np.ndarray:
        shown = image.transpose(1, 0, 2) if swap else image
        shown = shown[:, ::-1] if left_right else shown
        return np.ascontiguousarray(shown[::-1] if up_down else shown)

    return turn


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
