"""What the headers of ordinary images state: the shape of a pixel, and if the file is whole.

No library of a consumer's environment reads these.

Sources: PNG (W3C, 11.3.4.3 pHYs), JFIF 1.02, TIFF 6.0 (XResolution, YResolution), BITMAPINFOHEADER of Windows.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

PNG = b"\x89PNG\r\n\x1a\n"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG = b"\xff\xd8\xff"
_JFIF_AT, _JFIF_DENSITY_AT = 6, 14
_BMP_DENSITY_AT = 38
_X_RESOLUTION, _Y_RESOLUTION, _RATIONAL = 282, 283, 5
_MOST_ENTRIES = 4096


def png_chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the start and the length of the data of each whole chunk of a PNG, from the first on."""
    size = stream.seek(0, 2)
    at = len(PNG)
    while at + 12 <= size:
        stream.seek(at)
        length, name = struct.unpack(">I4s", stream.read(8))
        if at + 12 + length > size:
            return
        yield name, at + 8, length
        at += 12 + length


def density(stream: BinaryIO) -> tuple[float, float] | None:
    """Return the pixels per unit of length, across and down, that a PNG, JPEG, TIFF or BMP states.

    `None` if it states none, or a number that is not positive, which programs write for "unknown".
    """
    stream.seek(0)
    head = stream.read(54)
    try:
        if head.startswith(PNG):
            pair = _png_density(stream)
        elif head.startswith(_JPEG) and head[_JFIF_AT : _JFIF_AT + 5] == b"JFIF\0":
            pair = struct.unpack_from(">HH", head, _JFIF_DENSITY_AT)
        elif head.startswith(b"BM"):
            pair = struct.unpack_from("<ii", head, _BMP_DENSITY_AT)
        elif head.startswith(TIFF[:2]):  # no BigTIFF
            pair = _tiff_density(stream, "<" if head.startswith(b"II") else ">")
        else:
            pair = None
    except struct.error:  # cut short, which the decoder finds too
        return None
    return None if pair is None or min(pair) <= 0 else (float(pair[0]), float(pair[1]))


def _png_density(stream: BinaryIO) -> tuple[float, ...] | None:
    for name, start, _ in png_chunks(stream):
        if name == b"pHYs":
            stream.seek(start)
            return struct.unpack(">II", stream.read(8))
        if name == b"IDAT":
            break
    return None


def _tiff_density(stream: BinaryIO, order: str) -> tuple[float, ...] | None:
    def unpack(form: str, at: int) -> tuple[int, ...]:
        stream.seek(at)
        return struct.unpack(order + form, stream.read(struct.calcsize(order + form)))

    (directory,) = unpack("I", 4)
    (count,) = unpack("H", directory)
    numbers = dict[int, float]()
    for number in range(min(count, _MOST_ENTRIES)):
        tag, kind, _, at = unpack("HHII", directory + 2 + 12 * number)
        if tag in (_X_RESOLUTION, _Y_RESOLUTION) and kind == _RATIONAL:
            numerator, denominator = unpack("II", at)
            numbers[tag] = numerator / denominator if denominator else 0.0
    return (numbers[_X_RESOLUTION], numbers[_Y_RESOLUTION]) if len(numbers) == 2 else None
