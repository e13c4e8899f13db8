"""Small real videos for the tests: every frame carries its number as a pattern of bright squares."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 8


def picture(number: int, width: int = 96, height: int = 64) -> np.ndarray:
    """Noisy gray image with one square per bit of the number in its top row, and a red mark at the left below."""
    image = np.random.default_rng(number).integers(30, 90, (height, width, 3), dtype=np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            image[4:12, 4 + 11 * bit : 12 + 11 * bit] = 230
    image[20:28, 4:12] = (220, 40, 40)
    return image


def number_of(image: np.ndarray) -> int:
    """The number that `picture` drew."""
    return sum(int(image[6:10, 6 + 11 * bit : 10 + 11 * bit].mean() > 140) << bit for bit in range(BITS))


def write_video(
    path: Path,
    frames: int = 30,
    rate: int = 25,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    rotation: int = 0,
    width: int = 96,
    height: int = 64,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a video; `times` are time stamps in milliseconds for a variable frame rate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="rgb24")
            frame.pts = number if times is None else times[number]
            if times is not None:
                frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
