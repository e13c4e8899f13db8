"""Image files as pixels: one rule for size and way up, whatever the file's format."""

import subprocess
import sys
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
