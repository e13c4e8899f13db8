"""Opening a video file: only the file itself is read, and one stream of it is chosen."""

from pathlib import Path

import av

from heelstrike.errors import UserError
from heelstrike.shape import are_square

_CONTAINERS = "mov,matroska,webm,avi,asf,flv,mpeg,mpegts,mpegvideo,m4v,h264,hevc,ogg,mxf,dv"
"""FFmpeg's formats that are opened. All others are refused, above all the lists (concat, HLS, DASH, SDP, IMF, image
sequences), which would make FFmpeg read other files than the given one."""

_STILL_CODECS = ("mjpeg", "png", "bmp", "gif", "webp")
REENCODE = "convert it with `ffmpeg -i IN -c:v libx264 -crf 16 OUT.mp4`"
"""What to do about a video that FFmpeg reads otherwise, for messages."""
_NO_FILM = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails


def open_container(path: Path) -> "av.container.InputContainer":
    """Open a file.

    Raises:
        UserError: The file is missing, empty or not a video.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such video")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: empty (0 bytes); copy the video again from where it came from")
    try:
        # absolute, so that no part of a name is taken for a protocol
        return av.open(
            str(path.absolute()),
            container_options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"},
        )
    except av.ArgumentError:
        raise UserError(
            f"{path}: holds no video: it is an image, a list of other files, or of a format that is not read; "
            "remove it or replace it"
        ) from None
    except (av.FFmpegError, ValueError) as error:
        raise UserError(
            f"{path}: not a readable video ({reason_of(error)}): truncated before its index, or not a video at all; "
            f"copy it again from where it came from"
        ) from None


def video_stream(path: Path, container: "av.container.InputContainer") -> "av.VideoStream":
    """Return the stream that a player shows: pictures of a cover and thumbnails are passed over.

    Raises:
        UserError: There is no video, or more than one; its codec is not supported, or its pixels are not square.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & _NO_FILM]
    if len(films) > 1:
        films = [stream for stream in films if not _is_one_picture(stream)] or films
    defaults = [stream for stream in films if stream.disposition & av.stream.Disposition.default]
    if len(films) > 1 and len(defaults) == 1:
        films = defaults
    if not films:
        raise UserError(f"{path}: holds no video (it was recognised as {container.format.name}); remove or replace it")
    if len(films) > 1:
        streams = " and ".join(str(stream.index) for stream in films)
        raise UserError(
            f"{path}: holds {len(films)} videos, the streams {streams}; keep one with "
            f"`ffmpeg -i IN -map 0:{films[0].index} -c copy OUT`"
        )
    stream = films[0]
    if getattr(stream, "codec_context", None) is None:
        raise UserError(
            f"{path}: its codec is not known to this build of FFmpeg, or the file is cut off before it; "
            f"{REENCODE}, or copy it again from where it came from"
        )
    _check_square(path, stream)
    return stream


def _is_one_picture(stream: "av.VideoStream") -> bool:
    context = getattr(stream, "codec_context", None)
    return context is not None and context.name in _STILL_CODECS and stream.frames == 1


def _check_square(path: Path, stream: "av.VideoStream") -> None:
    """Refuse pixels that are not square, as the container states them, else the codec."""
    aspect = stream.sample_aspect_ratio
    if aspect and not are_square(aspect.numerator, aspect.denominator):
        raise UserError(
            f"{path}: its pixels are not square ({aspect.numerator}:{aspect.denominator}), so angles and lengths would "
            "be wrong; make them square with `ffmpeg -i IN -vf scale=iw*sar:ih,setsar=1 -c:v libx264 -crf 16 OUT.mp4`, "
            "and label the video that comes out of it"
        )


def reason_of(error: Exception) -> str:
    """Return what an error of FFmpeg says."""
    return getattr(error, "strerror", None) or str(error)
