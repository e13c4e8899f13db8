"""Image files as pixels: one rule for size and way up, whatever the file's format."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from heelstrike.errors import UserError
from heelstrike.images import image_size, read_image, read_picture

ORIENTATION = 0x0112
TURNS = {  # EXIF orientation to what displays the stored pixels upright
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}
EXACT = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}
RAMP = np.linspace(100, 3000, 40 * 30).reshape(30, 40).astype(np.uint16)


def stored(width: int = 48, height: int = 32) -> np.ndarray:
    """Blocks of 16 pixels, so that JPEG's colours do not bleed over their edges."""
    blocks = np.random.default_rng(0).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    return blocks.repeat(16, axis=0).repeat(16, axis=1)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", TURNS)
def test_pixels_and_size_are_those_of_the_upright_image(tmp_path: Path, suffix: str, orientation: int) -> None:
    path, pixels = tmp_path / f"a{suffix}", stored()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **EXACT.get(suffix, {}))
    upright = TURNS[orientation](pixels)
    image = read_image(path)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).max() <= (3 if suffix == ".jpg" else 0)
    assert image_size(path) == (upright.shape[1], upright.shape[0])


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA"])
def test_every_mode_is_rgb(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(stored()).convert(mode)
    picture.save(tmp_path / "a.png")
    image, mm_per_px, placement, converted, _ = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(image, np.asarray(picture.convert("RGB")))
    assert np.isnan(mm_per_px) and np.isnan(placement).all() and not converted


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_gray_of_16_bits_is_windowed_and_has_no_pixel_size(tmp_path: Path, suffix: str) -> None:
    cv2.imwrite(str(tmp_path / f"deep{suffix}"), RAMP)
    image, mm_per_px, _, converted, _ = read_picture(tmp_path / f"deep{suffix}")
    low, high = np.percentile(RAMP, (0.5, 99.5))
    np.testing.assert_array_equal(image[..., 1], np.rint(255 * np.clip((RAMP - low) / (high - low), 0, 1)))
    assert np.isnan(mm_per_px)
    assert converted


def test_gray_of_16_bits_is_turned_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.fromarray(RAMP).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(RAMP).save(tmp_path / "plain.png")
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png"), np.rot90(read_image(tmp_path / "plain.png"), -1))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=rf"a{suffix}: not a readable image \(\d+ bytes\)"):
        read_image(path)


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UserError, match=r"empty\.png: the file is empty"):
        read_image(tmp_path / "empty.png")
    for read in (read_image, image_size):
        with pytest.raises(UserError, match=r"text\.jpg: not a readable image"):
            read(tmp_path / "text.jpg")
        with pytest.raises(UserError, match=r"gone\.png"):
            read(tmp_path / "gone.png")


def test_photographs_need_neither_pillow_nor_simpleitk(tmp_path: Path) -> None:
    """They are extras of the consumer's library; a medical image says which one it needs."""
    cv2.imwrite(str(tmp_path / "a.png"), stored())
    cv2.imwrite(str(tmp_path / "deep.png"), RAMP)
    (tmp_path / "a.dcm").write_bytes(b"DICM")
    code = f"""
import sys
import zlib
sys.modules["PIL"] = sys.modules["SimpleITK"] = None  # as if they were not installed
from pathlib import Path
from heelstrike.errors import UserError
from heelstrike.images import read_image
folder = Path({str(tmp_path)!r})
print(read_image(folder / "a.png").shape, read_image(folder / "deep.png").shape)
try:
    read_image(folder / "a.dcm")
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "(32, 48, 3) (30, 40, 3)",
        f"{tmp_path / 'a.dcm'}: medical images need SimpleITK, which is not installed; `pip install heelstrike[scans]`",
    ]


WHOLE = {  # how an ordinary image may be stored
    "palette.png": ("P", {}),
    "palette.bmp": ("P", {}),
    "bits.png": ("1", {}),
    "fax.tif": ("1", {"compression": "group4"}),
    "gray-alpha.png": ("LA", {}),
    "alpha.tif": ("RGBA", {}),
    "alpha.webp": ("RGBA", {"lossless": True}),
    "print.jpg": ("CMYK", {"quality": 100, "subsampling": 0}),
    "print.tif": ("CMYK", {}),
    "progressive.jpeg": ("RGB", {"progressive": True, "quality": 100, "subsampling": 0}),
    "UPPER.PNG": ("RGB", {}),
    "float.tif": ("F", {}),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("orientation", [1, 6, 0, 77])
def test_size_and_pixels_agree_for_every_way_of_storing(tmp_path: Path, name: str, orientation: int) -> None:
    mode, options = WHOLE[name]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture = Image.fromarray(stored()).convert(mode)
    picture.save(tmp_path / name, **options, **({} if name == "fax.tif" else {"exif": exif}))
    image = read_image(tmp_path / name)
    assert image_size(tmp_path / name) == (image.shape[1], image.shape[0])
    if mode != "F":
        turned = orientation == 6 and name not in ("palette.bmp", "fax.tif")
        expected = np.asarray(picture.convert("RGB"))
        assert np.abs(image.astype(int) - (np.rot90(expected, -1) if turned else expected)).max() <= 3


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "GIF", "JPEG2000"])
def test_the_content_counts_and_not_the_suffix(tmp_path: Path, format: str) -> None:
    Image.fromarray(stored()).convert("P" if format == "GIF" else "RGB").save(tmp_path / "a.jpg", format=format)
    assert read_image(tmp_path / "a.jpg").shape == (32, 48, 3)
    assert image_size(tmp_path / "a.jpg") == (48, 32)


def test_bytes_after_the_end_of_a_png_are_passed_over(tmp_path: Path) -> None:
    Image.fromarray(stored()).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes() + b"appended by a phone" * 9)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), stored())
    assert image_size(tmp_path / "a.png") == (48, 32)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.webp"])
def test_several_images_in_a_file_are_refused(tmp_path: Path, name: str) -> None:
    pages = [Image.fromarray(stored()), Image.fromarray(255 - stored())]
    pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    with pytest.raises(UserError, match=rf"{name}: holds several images"):
        read_image(tmp_path / name)


def test_a_preview_after_the_image_is_passed_over(tmp_path: Path) -> None:
    Image.fromarray(stored()).save(
        tmp_path / "a.tif", save_all=True, append_images=[Image.fromarray(stored()[:16, :16])]
    )
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), stored())


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp"])
def test_densities_that_differ_are_not_square(tmp_path: Path, name: str) -> None:
    image = Image.fromarray(stored())
    image.save(tmp_path / name, dpi=(300, 301))
    assert read_image(tmp_path / name).shape == (32, 48, 3)
    image.save(tmp_path / name, dpi=(204, 98))
    with pytest.raises(UserError, match=rf"{name}: its pixels are not square"):
        read_image(tmp_path / name)


def test_a_density_of_zero_is_none(tmp_path: Path) -> None:
    Image.fromarray(stored()).save(tmp_path / "a.jpg", dpi=(72, 72))
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    data[16:18] = b"\0\0"  # what some editors write down
    (tmp_path / "a.jpg").write_bytes(data)
    assert read_image(tmp_path / "a.jpg").shape == (32, 48, 3)


def test_a_huge_size_in_the_header_is_a_message(tmp_path: Path) -> None:
    Image.fromarray(stored()).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[16:24] = struct.pack(">II", 65_000, 65_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(UserError, match=r"a\.png: not a readable image .* more than 2\^30 pixels"):
        read_image(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png: not a readable image: its header states 65000 x 65000 pixels"):
        image_size(tmp_path / "a.png")
