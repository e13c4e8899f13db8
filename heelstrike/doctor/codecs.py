"""Checks that videos can be read and written: a few generated frames through PyAV's H.264 and HEVC."""

import io
from collections.abc import Iterator
from typing import cast

import numpy as np
from jaxtyping import UInt8

from heelstrike.doctor.findings import Finding, fault, ok, warning
from heelstrike.errors import first_line

_CODECS = {"H.264": ("libx264", "h264", fault), "HEVC": ("libx265", "hevc", warning)}
"""Encoder, decoder and severity. Overlays are H.264; HEVC is what some phones record."""

_FRAMES, _SIZE = 4, (96, 128)
_LARGEST_ERROR = 12.0  # mean difference of the luma from that of the encoded frames, of 255
_ADVICE = "pip install --force-reinstall av; its wheels have both codecs, builds of a distribution may not"


def check_codecs() -> Iterator[Finding]:
    """Encode and decode generated frames with each codec and compare them."""
    for name, (encoder, decoder, severity) in _CODECS.items():
        try:
            error = _round_trip(encoder, decoder)
        except Exception as reason:  # of FFmpeg, of PyAV, or of a codec's library
            yield severity("codec", f"{name}: {first_line(str(reason))}", _ADVICE)
            continue
        if error > _LARGEST_ERROR:
            yield severity("codec", f"{name}: decoded frames differ by {error:.0f} of 255", _ADVICE)
        else:
            yield ok("codec", f"{name}: {_FRAMES} frames encoded and decoded")


def _round_trip(encoder: str, decoder: str) -> float:
    """Return the mean difference of luma between frames and their decoded copies.

    Raises:
        ValueError: Another number of frames came back, or another decoder was used.
        Exception: PyAV or FFmpeg cannot encode or decode.
    """
    import av

    frames = [_frame(number) for number in range(_FRAMES)]
    stored = io.BytesIO()
    with av.open(stored, "w", format="mp4") as container:
        options = {"crf": "18", "x265-params": "log-level=none"}
        stream = cast("av.VideoStream", container.add_stream(encoder, rate=25, options=options))
        stream.height, stream.width = _SIZE
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray").reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    stored.seek(0)
    with av.open(stored, "r") as container:
        used = container.streams.video[0].codec_context.name
        back = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    if used != decoder or len(back) != _FRAMES:
        raise ValueError(f"{len(back)} of {_FRAMES} frames came back from the decoder {used}")
    return float(np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(frames, back, strict=True)]))


def _frame(number: int) -> UInt8[np.ndarray, "H W"]:
    """Return a grey ramp that moves."""
    height, width = _SIZE
    row = (np.arange(width) + 8 * number) % width * (200 / width) + 20
    return np.broadcast_to(row, (height, width)).astype(np.uint8)
