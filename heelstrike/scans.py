"""Reading medical images as 8-bit pixels, with pixel size and placement in the patient; needs SimpleITK.

The collect stage and the consumer use the same function, so both have the same pixels.

Window: for DICOM the file's window (0028,1050 and 0028,1051; the first if there are several), after the file's rescale
slope and intercept; MONOCHROME1 is inverted, so that more attenuation is brighter. Other files use the default of
`windowing`.

Pixel size: for DICOM PixelSpacing, else ImagerPixelSpacing (at the detector, so lengths in the patient come out too
large by the geometric magnification), else NominalScannedPixelSpacing; for MetaImage ElementSpacing; for NIfTI pixdim.

Placement: ImagePositionPatient and ImageOrientationPatient of DICOM; sform or qform of a NIfTI, if its code is not 0;
Offset and TransformMatrix of a MetaImage of three dimensions. Coordinates are RAS: x to the right, y to the front, z to
the head of the patient.
"""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from jaxtyping import Float, Shaped, UInt8

from heelstrike.errors import UserError
from heelstrike.images import Picture
from heelstrike.windowing import Window, rgb, windowed

_DICOM_SPACINGS = ("0028|0030", "0018|1164", "0018|2010")
_DICOM_PLACEMENT = ("0020|0032", "0020|0037")
_DICOM_WINDOW = ("0028|1050", "0028|1051")  # centre, width
_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])  # from SimpleITK's patient coordinates to RAS
_SQUARE = 0.01  # pixels are not square if their sides differ by a larger share

sitk.ProcessObject.SetGlobalWarningDisplay(False)  # problems are raised as errors instead


def read_scan(path: Path) -> Picture:
    """Read a medical image.

    Raises:
        UserError: The file cannot be read, is a volume, or its pixels are not square.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such image")
    if not path.stat().st_size:
        raise UserError(f"{path}: empty (0 bytes); copy the image again from where it came from")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
        tags = {key: reader.GetMetaData(key).strip() for key in reader.GetMetaDataKeys()}
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"{path}: not a readable medical image ({reason}); export it again") from None
    values = sitk.GetArrayFromImage(image)
    planes = values.reshape(-1, *values.shape[image.GetDimension() - 2 :])
    if len(planes) != 1:
        size = " x ".join(map(str, image.GetSize()))
        raise UserError(f"{path}: a volume of {size} voxels; expected one image: cut the wanted plane out of it first")
    if _suffix_of(path) == ".dcm":
        try:
            pixels, spacing = _dicom_pixels(planes[0], tags), _dicom_spacing(tags)
        except ValueError as error:
            raise UserError(f"{path}: its window or pixel size is invalid ({error}); export it again") from None
    else:
        pixels, spacing = windowed(planes[0]), _header_spacing(path, image)
    return Picture(rgb(pixels), _square_side(path, spacing), _placement(path, image, tags), converted=True)


def _placement(path: Path, image: sitk.Image, tags: dict[str, str]) -> Float[np.ndarray, "3 3"]:
    """Return the placement for `Picture`; NaN if the file does not state it."""
    if image.GetDimension() < 3 or not _IS_PLACED[_suffix_of(path)](path, tags):
        return np.full((3, 3), np.nan)
    direction = np.array(image.GetDirection()).reshape(image.GetDimension(), -1)[:3, :2]
    steps = direction * np.array(image.GetSpacing()[:2])
    return np.stack([np.array(image.GetOrigin()[:3]), *steps.T]) * _LPS_TO_RAS + 0.0  # no -0


def _suffix_of(path: Path) -> str:
    return next((suffix for suffix in (".nii", ".nii.gz", ".mha") if path.name.lower().endswith(suffix)), ".dcm")


def _dicom_is_placed(path: Path, tags: dict[str, str]) -> bool:
    return all(tags.get(key) for key in _DICOM_PLACEMENT)


def _nifti_is_placed(path: Path, tags: dict[str, str]) -> bool:
    return any(tags.get(key, "0") not in ("", "0") for key in ("qform_code", "sform_code"))


def _metaimage_is_placed(path: Path, tags: dict[str, str]) -> bool:
    """Look into the header, since SimpleITK returns 0 and the unit matrix if nothing is stated."""
    header = _metaimage_header(path)
    return any(b"\n" + key in header for key in (b"TransformMatrix", b"Orientation", b"Rotation"))


_IS_PLACED = {
    ".dcm": _dicom_is_placed,
    ".nii": _nifti_is_placed,
    ".nii.gz": _nifti_is_placed,
    ".mha": _metaimage_is_placed,
}
"""For each suffix, the function that returns True if the file states its image's placement in the patient."""


def _metaimage_header(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096).partition(b"ElementDataFile")[0]


def _dicom_spacing(tags: dict[str, str]) -> tuple[float, float] | None:
    """Return the distances of rows and of columns in millimetres; `None` if the file states none."""
    for key in _DICOM_SPACINGS:
        numbers = tags.get(key, "").split("\\")
        if len(numbers) == 2 and all(numbers):
            return float(numbers[0]), float(numbers[1])
    return None


def _header_spacing(path: Path, image: sitk.Image) -> tuple[float, float] | None:
    """Return SimpleITK's spacing; `None` for a MetaImage that states none, for which SimpleITK returns 1."""
    if path.suffix.lower() == ".mha":
        header = _metaimage_header(path)
        if b"ElementSpacing" not in header and b"ElementSize" not in header:
            return None
    across, down = image.GetSpacing()[:2]
    return across, down


def _square_side(path: Path, spacing: tuple[float, float] | None) -> float:
    if spacing is None or min(spacing) <= 0:
        return float("nan")
    low, high = min(spacing), max(spacing)
    if high > low * (1 + _SQUARE):
        raise UserError(
            f"{path}: its pixels are {spacing[0]:g} x {spacing[1]:g} mm; lengths and angles need square ones, so "
            "resample the image (and its labels) first"
        )
    return float(np.mean(spacing))


def _dicom_pixels(values: Shaped[np.ndarray, "H W *C"], tags: dict[str, str]) -> UInt8[np.ndarray, "H W *C"]:
    """Convert values to pixels by the file's window (DICOM PS3.3 C.11.2.1.2.1), if it has one."""
    centre, width = (tags.get(key, "").split("\\")[0] for key in _DICOM_WINDOW)
    window = None
    if centre and width:
        middle, span = float(centre) - 0.5, max(float(width) - 1, 1.0)
        window = Window(middle - span / 2, middle + span / 2)
    pixels = windowed(values, window)
    return 255 - pixels if tags.get("0028|0004") == "MONOCHROME1" else pixels
