"""Copies of images and videos that every browser shows, pixel for pixel in the frame in which they were measured.

A browser does not play every video that is measured (AVI, MTS, HEVC), numbers the frames of an interlaced one or one
with an edit list differently, and takes a second to seek in one with few key frames. So it is given a copy: the frames
of `VideoReader`, upright and deinterlaced, in H.264 with a key frame every few frames.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from jaxtyping import Float, UInt8

from heelstrike.files import write_aside
from heelstrike.images import read_picture
from heelstrike.media import is_image
from heelstrike.predict.files import with_even_size
from heelstrike.video.reader import VideoReader

VIDEO_SUFFIX, IMAGE_SUFFIX = ".view.mp4", ".view.jpg"

_TICKS = 90_000  # units of time in a second, as in MPEG; every usual frame rate is a whole number of them
_KEY_FRAME_EVERY = 4  # a seek decodes at most this many frames
_BT709 = 1  # colour primaries and transfer function (ISO/IEC 23091-2)
_OPTIONS = {
    "preset": "ultrafast",
    "tune": "fastdecode",  # scrubbing decodes every frame
    "crf": "20",
    "g": str(_KEY_FRAME_EVERY),
    "x264-params": "bframes=0:scenecut=0",
}
_JPEG_QUALITY = 95


def media_times(time_s: Sequence[float] | Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
    """Return the time stamps that the frames of a video have in its copy, in seconds.

    The copy begins at 0. A time stamp that does not come after the one before it is put one unit of time after that,
    since players show no two frames at once.

    Args:
        time_s: Time stamps of the video's frames in presentation order.
    """
    ticks = np.rint((np.asarray(time_s, np.float64) - time_s[0]) * _TICKS).astype(np.int64)
    order = np.arange(len(ticks))
    return (np.maximum.accumulate(ticks - order) + order) / _TICKS


def write_view(source: Path, target: Path, tick: Callable[[], None] = lambda: None) -> Path:
    """Write the copy of an image or a video, completely or not at all.

    Args:
        source: Image or video.
        target: Path that the copy is named after.
        tick: Called after every frame.

    Returns:
        The copy's path.

    Raises:
        UserError: The source cannot be read.
    """
    path = view_path(source, target)
    (_write_image if is_image(source) else _write_video)(source, path, tick)
    return path


def view_path(source: Path, target: Path) -> Path:
    """Return the path of the copy of `source` that is named after `target`."""
    return target.with_name(target.name + (IMAGE_SUFFIX if is_image(source) else VIDEO_SUFFIX))


def _write_image(source: Path, path: Path, tick: Callable[[], None]) -> None:
    ok, data = cv2.imencode(".jpg", read_picture(source).image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    assert ok  # JPEG holds every uint8 image of at most 65,535 pixels a side
    with write_aside(path) as aside:
        aside.write_bytes(data.tobytes())
    tick()


def _write_video(source: Path, path: Path, tick: Callable[[], None]) -> None:
    with (
        VideoReader(source) as video,
        write_aside(path) as aside,
        av.open(str(aside), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream, first_s, last = None, 0.0, -1
        for frame in video.frames():
            image = with_even_size(frame.image)
            if stream is None:
                stream, first_s = _stream(container, image, video.rate), frame.time_s
            last = max(last + 1, round((frame.time_s - first_s) * _TICKS))
            container.mux(stream.encode(_picture(image, last)))
            tick()
        if stream is not None:
            container.mux(stream.encode(None))


def _stream(
    container: "av.container.OutputContainer", image: UInt8[np.ndarray, "H W 3"], rate: Fraction
) -> "av.VideoStream":
    stream = container.add_stream("libx264", rate=rate, options=_OPTIONS)
    stream.height, stream.width = image.shape[:2]
    stream.pix_fmt = "yuv420p"
    codec = stream.codec_context
    codec.time_base = Fraction(1, _TICKS)
    codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
    codec.color_primaries = codec.color_trc = _BT709
    return stream


def _picture(image: UInt8[np.ndarray, "H W 3"], ticks: int) -> "av.VideoFrame":
    picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    picture.pts, picture.time_base = ticks, Fraction(1, _TICKS)
    return picture
