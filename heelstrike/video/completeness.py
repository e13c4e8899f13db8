"""What a video file declares, compared with what is in it."""

from pathlib import Path

import av
import numpy as np


class Timeline:
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


class PacketCount:
    """Counts the packets of a file, to compare them with what the file declares.

    Attributes:
        packets: Number of packets.
        cut: True if a packet is incomplete.
        end_s: End of the last packet in presentation order, in seconds.
        slack_s: How much earlier than declared a complete file may end, since durations of packets are often unknown.
        last_dts: Decoding time stamp of the last packet, in the stream's units; -1 before the first.
    """

    def __init__(self) -> None:
        self.packets, self.cut, self.end_s, self.slack_s, self.last_dts = 0, False, 0.0, 0.05, -1
        self._last = -np.inf

    def add(self, packet: "av.Packet") -> None:
        """Count a packet, except for the empty one at the end of the file."""
        if packet.dts is None and not packet.size:
            return
        self.packets += 1
        self.cut |= packet.is_corrupt
        if packet.time_base is None or packet.dts is None:
            return
        self.last_dts = packet.dts
        at = float((packet.dts if packet.pts is None else packet.pts) * packet.time_base)
        decode_at = float(packet.dts * packet.time_base)
        if np.isfinite(self._last):
            self.slack_s = max(self.slack_s, 1.5 * (decode_at - self._last))
        self._last = decode_at
        self.end_s = max(self.end_s, at + float((packet.duration or 0) * packet.time_base))


class Start:
    """The packets before the first decoded frame, to notice a stream that begins within a group of pictures.

    Args:
        stamped: False if the packets have no presentation time stamps.
    """

    def __init__(self, stamped: bool) -> None:
        self._stamped, self._stamps, self._before_key, self._key = stamped, list[int](), 0, False

    def add(self, packet: "av.Packet") -> None:
        """Add a packet, unless an edit list leaves its frame out."""
        if not packet.size or packet.is_discard:
            return
        self._key |= packet.is_keyframe
        self._before_key += not self._key
        if packet.pts is not None:
            self._stamps.append(packet.pts)

    def missing(self, first: "av.VideoFrame") -> int:
        """Return how many frames before the first decoded one cannot be decoded."""
        if not self._stamped or first.pts is None:
            return self._before_key
        return sum(stamp < first.pts for stamp in self._stamps)


def riff_is_whole(path: Path) -> bool:
    """Return True if an AVI file is as long as the sizes of its RIFF chunks add up to."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as stream:
        while at < size:
            stream.seek(at)
            head = stream.read(8)
            if len(head) < 8 or head[:4] != b"RIFF":
                return False
            length = int.from_bytes(head[4:], "little")
            at += 8 + length + length % 2
    return at in (size, size + 1)
