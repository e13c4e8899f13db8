"""Hostile images: turned, cut, huge in the header, of other depths and colours, medical, and other things by that name."""

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from PIL import Image

from tests.hostile.checks import Input

Make = Callable[[Path], Path]

WIDTH, HEIGHT = 48, 32
NAN = math.nan
RIGHT = {"size": (WIDTH, HEIGHT), "corner": "top left", "mm_per_px": NAN}
UPRIGHT = {1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left"}
TURNED = {5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left"}


def pixels() -> np.ndarray:
    """A dark picture with a white block in its top left corner."""
    image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    image[:16, :16] = 250
    return image


def image(name: str, mode: str = "RGB", change: Callable[[bytes], bytes] = bytes, **settings: Any) -> Make:
    """A picture in a mode of Pillow's, whose bytes are changed after it was written."""

    def make(folder: Path) -> Path:
        path = folder / name
        Image.fromarray(pixels()).convert(mode).save(path, **settings)
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def content(name: str, data: bytes) -> Make:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def oriented(suffix: str, orientation: int) -> Make:
    """A picture with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return image(f"a{suffix}", exif=exif)


def png(width: int, height: int, rows: bytes = b"\0" * 100) -> bytes:
    """A PNG with a size in its header and other data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def deep(name: str) -> Make:
    """Gray of 16 bits."""

    def make(folder: Path) -> Path:
        Image.fromarray(pixels()[..., 0].astype(np.uint16) * 200).save(folder / name)
        return folder / name

    return make


def scan(
    name: str,
    spacing: tuple[float, ...] = (0.2, 0.2),
    tags: dict[str, str] | None = None,
    change: Callable[[bytes], bytes] = bytes,
    planes: int = 1,
) -> Make:
    """A medical image, with DICOM tags where it is one."""

    def make(folder: Path) -> Path:
        values = pixels()[..., 0].astype(np.uint16)
        if planes > 1 or name.endswith(".dcm"):
            values = np.repeat(values[None], planes, axis=0)
        itk = sitk.GetImageFromArray(values)
        itk.SetSpacing((*spacing, 1.0)[: itk.GetDimension()])
        for key, value in (tags or {}).items():
            itk.SetMetaData(key, value)
        writer = sitk.ImageFileWriter()
        writer.KeepOriginalImageUIDOn()
        writer.SetFileName(str(folder / name))
        writer.Execute(itk)
        path = folder / name
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def renamed(make: Make, name: str) -> Make:
    """The same file under another name."""
    return lambda folder: make(folder).rename(folder / name)


def _metaimage(data_file: str) -> bytes:
    return f"ObjectType = Image\nNDims = 2\nDimSize = 8 4\nElementType = MET_UCHAR\nElementDataFile = {data_file}\n".encode()


def _beside(folder: Path) -> Path:
    (folder / "secret.txt").write_bytes(b"a secret of 32 bytes or of more...")
    (folder / "a.mha").write_bytes(_metaimage("secret.txt"))
    return folder / "a.mha"


ORIENTED = [
    *(Input(f"EXIF orientation {n} in JPEG", oriented(".jpg", n), RIGHT | {"corner": corner}) for n, corner in UPRIGHT.items()),
    *(Input(f"EXIF orientation {n} in JPEG", oriented(".jpg", n), RIGHT | {"size": (HEIGHT, WIDTH), "corner": corner}) for n, corner in TURNED.items()),
    Input("EXIF orientation 6 in PNG", oriented(".png", 6), RIGHT | {"size": (HEIGHT, WIDTH), "corner": "top right"}),
    Input("EXIF orientation 8 in WebP", oriented(".webp", 8), RIGHT | {"size": (HEIGHT, WIDTH), "corner": "bottom left"}),
    Input("EXIF orientation 6 in TIFF", oriented(".tif", 6), RIGHT | {"size": (HEIGHT, WIDTH), "corner": "top right"}),
    Input("EXIF orientation 9, which there is not", oriented(".jpg", 9), RIGHT),
    Input("EXIF that is cut", image("a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"), RIGHT, r"a\.jpg"),
]  # fmt: skip

COLOURS = [
    *(Input(f"colours of mode {mode}", image("a.png", mode), RIGHT) for mode in ("L", "1", "P", "RGBA", "LA")),
    Input("CMYK", image("a.jpg", "CMYK"), RIGHT, r"a\.jpg"),
    Input("gray of 16 bits in PNG", deep("a.png"), RIGHT),
    Input("gray of 16 bits in TIFF", deep("a.tif"), RIGHT),
    Input("a palette of 4 bits in BMP", image("a.bmp", "P"), RIGHT),
    Input("a progressive JPEG", image("a.jpg", progressive=True), RIGHT),
    Input("a JPEG with a PNG's name", renamed(image("a.jpg"), "a.png"), RIGHT),
    Input("a suffix in capitals", image("a.PNG"), RIGHT),
    Input("a PNG that states 0 dots per inch", image("a.png", dpi=(0, 0)), RIGHT),
    Input("a TIFF of two pages", image("a.tif", save_all=True, append_images=[Image.fromarray(pixels())]), RIGHT, "pages|several images"),
]  # fmt: skip

DAMAGED = [
    Input("zero bytes", content("a.png", b""), None, "empty|0 bytes"),
    Input("text with an image's name", content("a.png", b"a text\n" * 50), None, r"a\.png"),
    Input("HTML with an image's name", content("a.jpg", b"<!doctype html><html>login</html>"), None, r"a\.jpg"),
    Input("a signature without anything", content("a.png", b"\x89PNG\r\n\x1a\n"), None, r"a\.png"),
    Input("PNG cut", image("a.png", change=lambda data: data[: len(data) // 2]), None, r"a\.png"),
    Input("JPEG cut", image("a.jpg", change=lambda data: data[: len(data) // 2]), None, r"a\.jpg"),
    Input("TIFF cut", image("a.tif", change=lambda data: data[: len(data) // 2]), None, r"a\.tif"),
    Input("BMP cut", image("a.bmp", change=lambda data: data[: len(data) // 2]), None, r"a\.bmp"),
    Input("WebP cut", image("a.webp", change=lambda data: data[: len(data) // 2]), None, r"a\.webp"),
    Input("65 000 pixels a side in the header", content("a.png", png(65_000, 65_000)), None, r"a\.png"),
    Input("two thousand million pixels wide", content("a.png", png(2_000_000_000, 1)), None, r"a\.png"),
    Input("no pixels", content("a.png", png(0, 0)), None, r"a\.png"),
    Input("too little data for its header", content("a.png", png(500, 500)), None, r"a\.png"),
    Input("a wrong checksum", image("a.png", change=lambda data: data[:45] + b"\0\0\0\0" + data[49:]), None, r"a\.png"),
    Input("a folder with an image's name", lambda folder: ((folder / "a.png").mkdir(), folder / "a.png")[1], None, "no such image|folder"),
    Input("a link to nothing", lambda folder: ((folder / "a.png").symlink_to("nothing"), folder / "a.png")[1], None, "no such image"),
    Input("not there", lambda folder: folder / "a.png", None, "no such image"),
]  # fmt: skip

_LOCAL = {"0008|0060": "CR"}
MEDICAL = [
    Input("MetaImage as it should be", scan("a.mha"), RIGHT | {"mm_per_px": 0.2}),
    Input("MetaImage whose header names another file", _beside, None, r"a\.mha"),
    Input("MetaImage whose header names a file by its path", content("a.mha", _metaimage("/etc/hostname")), None, r"a\.mha"),
    Input("MetaImage whose header names a list", content("a.mha", _metaimage("LIST\na.raw")), None, r"a\.mha"),
    Input("MetaImage cut", scan("a.mha", change=lambda data: data[: len(data) - 500]), None, r"a\.mha"),
    Input("MetaImage of a volume", scan("a.mha", planes=3), None, "volume"),
    Input("MetaImage of flat pixels", scan("a.mha", (0.2, 0.4)), None, "square"),
    Input("MetaImage of a huge size", content("a.mha", _metaimage("LOCAL").replace(b"8 4", b"800000 800000")), None, r"a\.mha"),
    Input("NIfTI cut", scan("a.nii", change=lambda data: data[:100]), None, r"a\.nii"),
    Input("NIfTI that is text", content("a.nii.gz", b"no NIfTI"), None, r"a\.nii\.gz"),
    Input("DICOM that is text", content("a.dcm", b"no DICOM"), None, r"a\.dcm"),
    Input("DICOM cut", scan("a.dcm", change=lambda data: data[: len(data) // 2]), None, r"a\.dcm"),
    Input("DICOM without a suffix", renamed(scan("a.dcm", tags=_LOCAL), "IM0001"), {"size": (WIDTH, HEIGHT)}),
    Input("DICOM with another suffix", renamed(scan("a.dcm", tags=_LOCAL), "IM0001.dicom"), {"size": (WIDTH, HEIGHT)}),
    Input("DICOM of flat pixels", scan("a.dcm", (0.2, 0.4)), None, "square"),
    Input("DICOM whose window is no number", scan("a.dcm", tags={"0028|1050": "7654", "0028|1051": "501"}, change=lambda data: data.replace(b"7654", b"wide")), None, "window"),
    Input("DICOM of a window without width", scan("a.dcm", tags={"0028|1050": "100", "0028|1051": "0"}), {"size": (WIDTH, HEIGHT)}, r"a\.dcm"),
]  # fmt: skip

INPUTS = [*ORIENTED, *COLOURS, *DAMAGED, *MEDICAL]
