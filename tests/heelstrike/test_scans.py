"""Medical images as 8-bit pixels."""

import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from heelstrike.dicom_spacing import dicom_spacing
from heelstrike.errors import UserError
from heelstrike.images import read_picture
from heelstrike.scans import read_scan

RAMP = np.linspace(100, 3000, 40 * 30).reshape(30, 40).astype(np.uint16)


def write(values: np.ndarray, path: Path, spacing: tuple[float, ...] = (0.2, 0.2), **tags: str) -> Path:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    for key, value in tags.items():
        image.SetMetaData(f"{key[1:5]}|{key[5:]}", value)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    writer.Execute(image)
    return path


@pytest.mark.parametrize("name", ["a.mha", "a.nii", "a.nii.gz"])
def test_percentile_window_and_spacing(tmp_path: Path, name: str) -> None:
    image, mm_per_px, *_ = read_scan(write(RAMP, tmp_path / name))
    assert image.shape == (30, 40, 3) and image.dtype == np.uint8
    assert mm_per_px == pytest.approx(0.2)
    low, high = np.percentile(RAMP, (0.5, 99.5))
    expected = np.rint(255 * np.clip((RAMP - low) / (high - low), 0, 1))
    np.testing.assert_array_equal(image[..., 0], expected)


def test_8_bits_stay_as_they_are(tmp_path: Path) -> None:
    values = (RAMP // 20).astype(np.uint8)
    np.testing.assert_array_equal(read_scan(write(values, tmp_path / "a.mha")).image[..., 1], values)


def test_dicom_window_inversion_and_spacing(tmp_path: Path) -> None:
    window = {"_00281050": "1000", "_00281051": "501"}
    path = write(RAMP[None], tmp_path / "a.dcm", (0.3, 0.3, 1.0), **window)
    image, mm_per_px, *_ = read_scan(path)
    assert mm_per_px == pytest.approx(0.3)
    expected = np.rint(255 * np.clip((RAMP - 749.5) / 500, 0, 1))
    np.testing.assert_array_equal(image[..., 0], expected)
    inverted = write(RAMP[None], tmp_path / "b.dcm", (0.3, 0.3, 1.0), **window, _00280004="MONOCHROME1")
    if "MONOCHROME1" in inverted.read_bytes().decode("latin1"):
        np.testing.assert_array_equal(read_scan(inverted).image[..., 0], 255 - expected)


def test_a_window_that_is_no_number_is_a_message(tmp_path: Path) -> None:
    path = write(RAMP[None], tmp_path / "a.dcm", (0.3, 0.3, 1.0), _00281050="7654", _00281051="501")
    path.write_bytes(path.read_bytes().replace(b"7654", b"wide"))
    with pytest.raises(UserError, match=r"a\.dcm: its window or pixel size is invalid .*'wide'"):
        read_scan(path)


def test_what_is_no_single_image_of_square_pixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a volume of 40 x 30 x 2 voxels"):
        read_scan(write(np.stack([RAMP, RAMP]), tmp_path / "volume.nii.gz", (1.0, 1.0, 1.0)))
    with pytest.raises(UserError, match=r"not square \(0\.2 x 0\.3 mm\); lengths and angles need square ones"):
        read_scan(write(RAMP, tmp_path / "flat.mha", (0.2, 0.3)))
    (tmp_path / "none.dcm").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"none\.dcm: not a readable medical image"):
        read_scan(tmp_path / "none.dcm")


def test_a_metaimage_that_states_no_spacing_has_none(tmp_path: Path) -> None:
    path = write(RAMP, tmp_path / "a.mha")
    stated = re.compile(rb"ElementSpacing = .*\n")
    content = path.read_bytes()
    assert stated.search(content)
    path.write_bytes(stated.sub(b"", content, count=1))
    assert np.isnan(read_scan(path).mm_per_px)


def test_real_hand_radiograph(datasets: Path) -> None:
    image, mm_per_px, *_ = read_scan(datasets / "hand-xray-dha" / "images" / "7081.mha")
    assert image.shape == (1913, 1216, 3)
    assert mm_per_px == pytest.approx(0.147323)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mha", "a.dcm"])
def test_where_in_the_patient_it_lies_is_in_ras(tmp_path: Path, name: str) -> None:
    turn = Rotation.from_euler("xyz", [10, 20, 30], degrees=True).as_matrix()  # columns: along x, y, z in LPS
    image = sitk.GetImageFromArray(RAMP.astype(np.int16)[None])
    image.SetSpacing((2, 2, 5))
    image.SetOrigin((10, 20, 30))
    image.SetDirection(turn.ravel().tolist())
    image.SetMetaData("0008|0060", "MR")  # a DICOM file without a modality is a screenshot, which lies nowhere
    sitk.WriteImage(image, str(tmp_path / name))
    to_ras = np.array([-1, -1, 1])
    expected = np.stack([np.array([10, 20, 30]), 2 * turn[:, 0], 2 * turn[:, 1]]) * to_ras
    np.testing.assert_allclose(read_scan(tmp_path / name).placement, expected, atol=1e-5)


def test_an_image_of_two_dimensions_lies_nowhere(tmp_path: Path) -> None:
    for name in ("a.mha", "a.nii", "a.nii.gz"):
        assert np.isnan(read_scan(write(RAMP, tmp_path / name)).placement).all()
    volume = sitk.GetImageFromArray(RAMP.astype(np.int16)[None])
    sitk.WriteImage(volume, str(tmp_path / "b.mha"))
    content = (tmp_path / "b.mha").read_bytes()
    (tmp_path / "b.mha").write_bytes(re.sub(rb"TransformMatrix = .*\n", b"", content))
    assert np.isnan(read_scan(tmp_path / "b.mha").placement).all(), "the reader says the unit matrix, the file does not"


DETECTOR = {"_00080060": "DX", "_00181164": "0.2\\0.2"}


@pytest.mark.parametrize(
    ("tags", "side"),
    [
        (DETECTOR | {"_00181114": "1.5"}, 0.2 / 1.5),
        (DETECTOR | {"_00181110": "1500", "_00181111": "1000"}, 0.2 / 1.5),
        (DETECTOR | {"_00181114": "1.25", "_00181110": "1500", "_00181111": "1000"}, 0.16),
        (DETECTOR | {"_00181114": "0", "_00181110": "1500", "_00181111": "1000"}, 0.2 / 1.5),
        (DETECTOR | {"_00280030": "0.15\\0.15"}, 0.15),
        (DETECTOR | {"_00280030": "0.2\\0.2", "_00280a02": "FIDUCIAL"}, 0.2),
        ({"_00182010": "0.1\\0.1"}, 0.1),
    ],
)
def test_the_size_of_pixels_is_that_in_the_patient(tags: dict[str, str], side: float) -> None:
    spacing = dicom_spacing({f"{key[1:5]}|{key[5:]}": value for key, value in tags.items()})
    assert spacing.side == pytest.approx(side)
    assert not spacing.unknown


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (DETECTOR, "at the detector, and the magnification is not stated"),
        (DETECTOR | {"_00280030": "0.2\\0.2"}, "at the detector"),
        (DETECTOR | {"_00181114": "0.5"}, "at the detector"),
        ({"_00280030": "0\\0"}, "the file states pixels of 0 x 0 mm"),
        ({"_00280030": "-1\\0.2"}, "the file states pixels of -1 x 0.2 mm"),
        ({"_00280030": "nan\\nan"}, "the file states pixels of nan x nan mm"),
        ({}, ""),
    ],
)
def test_a_size_that_is_unknown_is_said_so(tags: dict[str, str], reason: str) -> None:
    spacing = dicom_spacing({f"{key[1:5]}|{key[5:]}": value for key, value in tags.items()})
    assert np.isnan(spacing.side)
    assert reason in spacing.unknown


def radiograph(path: Path, **tags: str) -> Path:
    """Write a radiograph with exactly these tags beside what every image has (explicit VR, little endian)."""
    uid = "1.2.840.10008.5.1.4.1.1.1.1"
    elements = {"_00080016": uid, "_00080018": "1.2.3", "_00280004": "MONOCHROME2", **DETECTOR} | tags
    numbers = {0x0002: 1, 0x0010: 30, 0x0011: 40, 0x0100: 16, 0x0101: 16, 0x0102: 15, 0x0103: 0}
    texts = {"16": "UI", "18": "UI", "60": "CS", "04": "CS", "34": "IS"}
    parts = {
        (int(key[1:5], 16), int(key[5:], 16)): _element(key, texts.get(key[-2:], "DS"), value.encode())
        for key, value in elements.items()
        if value
    }
    for number, value in numbers.items():
        parts[0x0028, number] = _element(f"_0028{number:04x}", "US", value.to_bytes(2, "little"))
    syntax = _element("_00020010", "UI", b"1.2.840.10008.1.2.1")
    meta = _element("_00020000", "UL", len(syntax).to_bytes(4, "little")) + syntax
    pixels = b"\xe0\x7f\x10\0OW\0\0" + RAMP.nbytes.to_bytes(4, "little") + RAMP.tobytes()
    path.write_bytes(bytes(128) + b"DICM" + meta + b"".join(parts[key] for key in sorted(parts)) + pixels)
    return path


def _element(key: str, kind: str, value: bytes) -> bytes:
    value += b"\0 "[kind != "UI"].to_bytes(1, "little") * (len(value) % 2)
    head = b"".join(int(part, 16).to_bytes(2, "little") for part in (key[1:5], key[5:]))
    return head + kind.encode() + len(value).to_bytes(2, "little") + value


@pytest.mark.parametrize("name", ["a.dcm", "IM0001", "x.dicom", "1.2.840"])
def test_dicom_by_content_with_its_magnification(tmp_path: Path, name: str) -> None:
    picture = read_picture(radiograph(tmp_path / name, _00181114="1.5"))
    assert picture.image.shape == (30, 40, 3)
    assert picture.mm_per_px == pytest.approx(0.2 / 1.5)
    unknown = read_picture(radiograph(tmp_path / f"{name}.0"))
    assert np.isnan(unknown.mm_per_px) and "magnification is not stated" in unknown.unknown


def test_an_aspect_of_pixels_is_no_square(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not square \(1:2\)"):
        read_picture(radiograph(tmp_path / "a.dcm", _00280034="2\\1", _00181164=""))


@pytest.mark.parametrize("value", ["secret.raw", "LIST", "pixels%d.raw 0 1 1", "/etc/passwd", "LOCALx"])
@pytest.mark.parametrize("before", ["", "Comment = ElementDataFile = LOCAL\n"])
def test_a_metaimage_does_not_read_other_files(tmp_path: Path, value: str, before: str) -> None:
    (tmp_path / "secret.raw").write_bytes(bytes(range(200)))
    header = (
        f"ObjectType = Image\nNDims = 2\nDimSize = 20 10\nElementType = MET_UCHAR\n{before}ElementDataFile = {value}\n"
    )
    (tmp_path / "a.mha").write_bytes(header.encode() + bytes(200) + b"\nElementDataFile = LOCAL\n")
    with pytest.raises(UserError, match=r"a\.mha: does not hold its pixels itself"):
        read_picture(tmp_path / "a.mha")


def test_a_nifti_does_not_read_other_files(tmp_path: Path) -> None:
    write(RAMP, tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[344:348] = b"ni1\0"  # pixels in a.img
    (tmp_path / "b.nii").write_bytes(content)
    (tmp_path / "b.img").write_bytes(content[352:])
    with pytest.raises(UserError, match=r"b\.nii: does not hold its pixels itself"):
        read_picture(tmp_path / "b.nii")


@pytest.mark.parametrize(("size", "message"), [("65000 65000", r"65000 x 65000 pixels"), ("40 30 9000", "a volume")])
def test_a_header_that_promises_too_much_is_refused_at_once(tmp_path: Path, size: str, message: str) -> None:
    header = f"ObjectType = Image\nNDims = {len(size.split())}\nDimSize = {size}\nElementType = MET_USHORT\n"
    (tmp_path / "a.mha").write_bytes(f"{header}ElementDataFile = LOCAL\n".encode() + bytes(100))
    with pytest.raises(UserError, match=message):
        read_picture(tmp_path / "a.mha")
