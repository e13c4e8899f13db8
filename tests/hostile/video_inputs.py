"""Hostile videos: cut, damaged, turned, not square, interlaced, with covers and lists of other files."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.hostile.checks import Input
from tests.videos import picture, write_video

FRAMES = 20
RIGHT = {"frames": FRAMES, "size": (96, 64), "first": 0}

Make = Callable[[Path], Path]


def video(name: str = "walk.mp4", change: Callable[[bytes], bytes] = bytes, **settings: object) -> Make:
    """A video whose bytes are changed after it was written."""

    def make(folder: Path) -> Path:
        path = write_video(folder / name, **({"frames": FRAMES} | settings))  # type: ignore[arg-type]
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def content(name: str, data: bytes, *beside: str) -> Make:
    """A file of these bytes, with sound videos beside it."""

    def make(folder: Path) -> Path:
        for other in beside:
            write_video(folder / other, frames=FRAMES)
        (folder / name).write_bytes(data)
        return folder / name

    return make


def cut(share: float) -> Callable[[bytes], bytes]:
    """The first part of the bytes."""
    return lambda data: data[: int(len(data) * share)]


def _zeros_in_the_middle(data: bytes) -> bytes:
    start, end = len(data) * 2 // 5, len(data) * 3 // 5
    return data[:start] + bytes(end - start) + data[end:]


def _sound_only(folder: Path) -> Path:
    path = folder / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _with_cover(folder: Path) -> Path:
    """A small picture as the first video stream, as downloaders and phones write it."""
    path = folder / "cover.mkv"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        container.mux(cover.encode(av.VideoFrame.from_ndarray(picture(0, 32, 32), format="rgb24")))
        for number in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(cover.encode())
        container.mux(stream.encode())
    return path


def _with_pixel_aspect(aspect: Fraction) -> Make:
    def make(folder: Path) -> Path:
        path = folder / "wide.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            stream.codec_context.sample_aspect_ratio = aspect
            for number in range(FRAMES):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
            container.mux(stream.encode())
        return path

    return make


def _of_two_sizes(folder: Path) -> Path:
    """Two MPEG-2 streams of different sizes, one after the other."""
    first = write_video(folder / "a.mpg", frames=FRAMES, codec="mpeg2video")
    second = write_video(folder / "b.mpg", frames=FRAMES, codec="mpeg2video", width=192, height=128)
    path = folder / "both.mpg"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    first.unlink()
    second.unlink()
    return path


_VARIABLE = [0, 40, 50, 200, 210, 220, 400, 410, 900, 910, 920, 930, 1500, 1510, 1520, 1530, 1540, 1550, 1560, 2500]
_INTERLACED = {"x264-params": "interlaced=1:tff=1"}
_CONCAT = b"ffconcat version 1.0\nfile other.mp4\nfile other.mp4\n"
_M3U8 = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n"

INPUTS = [
    Input("as it should be", video(), RIGHT),
    Input("zero bytes", content("a.mp4", b""), None, r"a\.mp4.*empty"),
    Input("text with a video's name", content("a.mp4", b"no video\n" * 100), None, r"a\.mp4"),
    Input("a picture with a video's name", content("a.mp4", b"\x89PNG\r\n\x1a\n" + bytes(200)), None, r"a\.mp4"),
    Input("random bytes", content("a.mkv", np.random.default_rng(0).bytes(5000)), None, r"a\.mkv"),
    Input("zeros of the size of a video", content("a.avi", bytes(20_000)), None, r"a\.avi"),
    Input("cut before its index", video(change=cut(0.5)), None, "truncated"),
    Input("cut after its index", video(change=cut(0.6), container_options={"movflags": "faststart"}), None, "truncated"),
    Input("Matroska cut", video("a.mkv", change=cut(0.7)), None, "truncated"),
    Input("AVI cut", video("a.avi", change=cut(0.7), codec="mpeg4"), None, "truncated"),
    Input("zeros in its middle", video("a.mkv", change=_zeros_in_the_middle), None, r"a\.mkv"),
    Input("garbage behind its end", video(change=lambda data: data + b"x" * 999), RIGHT, r"walk\.mp4"),
    Input("another suffix than its content", video("a.mkv", change=lambda data: data), RIGHT),
    Input("a variable frame rate", video(times=_VARIABLE), RIGHT),
    Input("turned by 90 degrees", video(rotation=90), RIGHT | {"size": (64, 96), "first": None}),
    Input("one frame", video(frames=1), RIGHT | {"frames": 1}),
    Input("an odd size", video("a.mkv", codec="ffv1", width=95, height=63), RIGHT | {"size": (95, 63)}),
    Input("sixteen pixels wide", video(width=16), RIGHT | {"size": (16, 64), "first": None}),
    Input("pixels that are 4:3", _with_pixel_aspect(Fraction(4, 3)), RIGHT | {"size": (128, 64), "first": None}, "square"),
    Input("interlaced", video("a.mkv", options=_INTERLACED, height=128), {"frames": FRAMES, "size": (96, 128)}, "interlaced"),
    Input("a cover picture as its first stream", _with_cover, RIGHT, "streams"),
    Input("sound only", _sound_only, None, "no video"),
    Input("two sizes in one stream", _of_two_sizes, None, r"both\.mpg"),
    Input("a list of neighbours with a video's name", content("list.mp4", _CONCAT, "other.mp4"), None, r"list\.mp4"),
    Input("a playlist with a video's name", content("list.mp4", _M3U8, "other.mp4"), None, r"list\.mp4"),
    Input("a playlist with a MOV's name", content("list.mov", _M3U8, "other.mp4"), None, r"list\.mov"),
    Input("a GIF with a video's name", content("a.mp4", b"GIF89a" + bytes(20)), None, r"a\.mp4"),
    Input("an SVG with a video's name", content("a.mp4", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), None, r"a\.mp4"),
    Input("a name that is an address", lambda folder: folder / "http:" / "127.0.0.1:9" / "a.mp4", None, "no such video"),
]  # fmt: skip
