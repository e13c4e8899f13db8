"""Reading image files as upright RGB pixels.

All code that opens a still image calls `read_picture`, or `image_size` if the header is enough. Both apply the EXIF
orientation, so that every stage and the consumer have the same pixels and size.

- Ordinary images have 8 bits per value. Gray becomes three equal channels, transparency is dropped.
- Gray PNG and TIFF files of more than 8 bits are converted by `windowing`.
- Medical images are read by `scans`, which needs SimpleITK.

The dots per inch of a PNG, TIFF or JPEG are not used as pixel size, since cameras and editors write 72 or 96 regardless
of what was photographed. If they differ across and down, the pixels are not square, and the image is refused.
"""

import io
import math
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, Shaped, UInt8

from heelstrike.errors import UserError
from heelstrike.headers import PNG, TIFF, density, png_chunks
from heelstrike.media import is_dicom, kind_of
from heelstrike.shape import are_square
from heelstrike.windowing import rgb, windowed

MOST_PIXELS = 1 << 30
"""Largest image that is read; OpenCV's limit."""

_PNG_DEPTH, _PNG_KIND = 24, 25  # offsets of the bits per value and of the colour type
_PNG_GRAY = 0
_ANIMATED = (b"GIF8", b"RIFF")
_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")  # Pillow reads the size of these from their header
_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
_ORIENTATION = 0x0112  # EXIF tag

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # problems are raised as errors instead


class Picture(NamedTuple):
    """One image.

    Attributes:
        image: RGB as displayed; gray in three equal channels.
        mm_per_px: Side of a pixel in millimetres; NaN if the file does not state it.
        placement: Patient coordinates (RAS, mm) of the centre of the top-left pixel, then the steps to the pixel on
            the right and to the pixel below; NaN if the file does not state them.
        converted: True if the file's own values differ from these pixels: medical images, and more than 8 bits.
        unknown: Why `mm_per_px` is unknown although the file has numbers for it, as a sentence; empty otherwise.
    """

    image: UInt8[np.ndarray, "H W 3"]
    mm_per_px: float = math.nan
    placement: Float[np.ndarray, "3 3"] = np.full((3, 3), np.nan)
    converted: bool = False
    unknown: str = ""


def read_picture(path: Path) -> Picture:
    """Read a still image of any kind.

    Raises:
        UserError: The file is missing, empty, cut short, not an image, or it holds several; its pixels are not square;
            or it is a medical image and SimpleITK is not installed.
    """
    if kind_of(path) == "scan" or is_dicom(path):
        return _medical(path)
    return decode_picture(path, _bytes(path))


def decode_picture(path: Path, data: UInt8[np.ndarray, "B"]) -> Picture:
    """Read an ordinary image, not a medical one, from the bytes of its file.

    Args:
        path: The file, for messages.
        data: Its bytes.

    Raises:
        UserError: As `read_picture`.
    """
    _check_square(path, data)
    values = _deep_gray(data)
    if values is not None:
        _check_one(path, data, values)
        return Picture(rgb(windowed(values)), converted=True)
    image = _decode(data, cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise UserError(
            f"{path}: not a readable image ({data.size} bytes): damaged, of a format that is not read, such as "
            "HEIC, or of more than 2^30 pixels; open it in a viewer, and save it as JPEG or PNG"
        )
    _check_one(path, data, image)
    return Picture(np.asarray(image, dtype=np.uint8))


def read_image(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    """Read the pixels of a still image as `read_picture` does."""
    return read_picture(path).image


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height of an ordinary image as displayed, from its header alone if it is of a usual format.

    Raises:
        UserError: The file is missing, not an image, or a PNG that is cut short.
    """
    from PIL import Image, UnidentifiedImageError  # a consumer decodes every image and needs no Pillow

    Image.MAX_IMAGE_PIXELS = None  # no pixels are decoded here; the limit is MOST_PIXELS
    try:
        with path.open("rb") as stream:
            with Image.open(stream, formats=_FORMATS) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise UserError(f"{path}: not a readable image: its header states {width} x {height} pixels")
                # Pillow has already applied the orientation to a TIFF's size
                turned = image.format != "TIFF" and image.getexif().get(_ORIENTATION) in _TURNED
                png = image.format == "PNG"
            if png and all(name != b"IEND" for name, _, _ in png_chunks(stream)):
                raise UserError(f"{path}: cut short; copy it again")
    except UnidentifiedImageError:
        height, width = read_image(path).shape[:2]
        return width, height
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path}: not a readable image ({error}); copy it again") from None
    return (height, width) if turned else (width, height)


def _check_square(path: Path, data: UInt8[np.ndarray, "B"]) -> None:
    across_down = density(io.BytesIO(data.tobytes()))
    if across_down and not are_square(*across_down):
        raise UserError(
            f"{path}: its pixels are not square ({across_down[0]:g} across and {across_down[1]:g} down in the same "
            "length); lengths and angles need square ones: resample it (and its labels), or remove a wrong density"
        )


def _check_one(path: Path, data: UInt8[np.ndarray, "B"], image: Shaped[np.ndarray, "H W *C"]) -> None:
    """Refuse a file of several images. Smaller ones that follow are previews."""
    # not `cv2.imcount`: it takes only a name, and crashes the process if that is no UTF-8
    head = data[: len(PNG)].tobytes()
    if head.startswith(PNG):
        animated = any(name == b"acTL" for name, _, _ in png_chunks(io.BytesIO(data.data)))
        others: list[Shaped[np.ndarray, "H W *C"]] = [image] if animated else []
    elif head.startswith((*TIFF, *_ANIMATED)):
        _, decoded = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION, range=(0, 2))
        others = list(decoded[1:])
    else:
        others = []
    if others and max(others[0].shape[:2]) >= max(image.shape[:2]):
        raise UserError(
            f"{path}: holds several images; expected one: save the wanted one by itself, or a film as a video"
        )


def _bytes(path: Path) -> UInt8[np.ndarray, "B"]:
    if not path.is_file():
        raise UserError(f"{path}: no such image")
    data = np.fromfile(path, np.uint8)
    if not data.size:
        raise UserError(f"{path}: the file is empty (0 bytes); copy it again")
    return data


def _decode(data: UInt8[np.ndarray, "B"], mode: int) -> Shaped[np.ndarray, "H W *C"] | None:
    try:
        return cv2.imdecode(data, mode)
    except (cv2.error, MemoryError):  # larger than OpenCV reads, or than memory
        return None


def _deep_gray(data: UInt8[np.ndarray, "B"]) -> Shaped[np.ndarray, "H W"] | None:
    """Return the values of a gray image of more than 8 bits; `None` for any other file."""
    head = data[:26].tobytes()
    if head.startswith(PNG):
        deep = len(head) > _PNG_KIND and head[_PNG_DEPTH] == 16 and head[_PNG_KIND] == _PNG_GRAY
    elif head.startswith(TIFF):
        values = _decode(data, cv2.IMREAD_UNCHANGED)
        deep = values is not None and values.ndim == 2 and values.dtype != np.uint8
    else:
        return None
    return _decode(data, cv2.IMREAD_ANYDEPTH) if deep else None


def _medical(path: Path) -> Picture:
    try:
        from heelstrike.scans import read_scan  # SimpleITK takes half a second to import
    except ImportError:
        raise UserError(
            f"{path}: medical images need SimpleITK, which is not installed; `pip install heelstrike[scans]`"
        ) from None
    return read_scan(path)
