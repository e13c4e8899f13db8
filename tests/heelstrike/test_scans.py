"""Medical images as 8-bit pixels."""

import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from heelstrike.errors import UserError
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
    with pytest.raises(UserError, match=r"0\.2 x 0\.3 mm; lengths and angles need square ones"):
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
