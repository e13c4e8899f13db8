"""Scans: medical images and images of more than 8 bits, as 8-bit pixels with their size and place in the patient.

Collect and the consumer read them with the same function, so that both see the same bytes.

Window: 8-bit files stay as they are. Of any other, the grey values of a window become 0 to 255, linear, with what lies
below or above it cut off:

- DICOM: the file's own window (0028,1050 and 0028,1051; the first of several), after its rescale slope and
  intercept; MONOCHROME1 is inverted, so that more attenuation is brighter;
- otherwise: from the 0.5th to the 99.5th percentile of the image's own values.

Pixel size: DICOM's PixelSpacing, else ImagerPixelSpacing (at the detector, so what is measured on the patient is too
large by the geometric magnification), else NominalScannedPixelSpacing; MetaImage's ElementSpacing; NIfTI's pixdim. Dots
per inch of a PNG, TIFF or JPEG are no pixel size: cameras and editors write 72 or 96 whatever was photographed.

Placement: DICOM's ImagePositionPatient and ImageOrientationPatient; NIfTI's sform or qform, where its code is not 0;
MetaImage's Offset and TransformMatrix of three dimensions. All are given in RAS: x to the right, y to the front, z to
the head of the patient.
"""

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.errors import UserError

MEDICAL = (".mha", ".nii", ".nii.gz", ".dcm")
"""Ends of the names of medical images; each holds one image, not a volume."""

_DEEP = frozenset({".png", ".tif", ".tiff"})  # may hold more than 8 bits a value
_WINDOW = (0.5, 99.5)  # percentiles
_DICOM_SPACINGS = ("0028|0030", "0018|1164", "0018|2010")
_DICOM_PLACEMENT = ("0020|0032", "0020|0037")
_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])  # SimpleITK's patient coordinates to ours
_SQUARE = 0.01  # pixels whose sides differ by a larger share are not square


class Scan(NamedTuple):
    """One image.

    Attributes:
        image: Grey in three equal channels, or RGB where the file holds colours.
        mm_per_px: Side of a pixel in millimetres; NaN where the file does not say.
        placement: Patient coordinates (RAS, mm) of the centre of the top-left pixel, then the steps to the pixel on
            the right and to the pixel below; NaN where the file does not say.
    """

    image: UInt8[np.ndarray, "H W 3"]
    mm_per_px: float
    placement: Float[np.ndarray, "3 3"] = np.full((3, 3), np.nan)


def is_medical(name: str) -> bool:
    """Whether a file of this name is read as a medical image."""
    return name.lower().endswith(MEDICAL)


def is_scan(path: Path) -> bool:
    """Whether the file needs `read_scan`: a medical image, or one of more than 8 bits (its header is looked at)."""
    if is_medical(path.name) or path.suffix.lower() not in _DEEP:
        return is_medical(path.name)
    with path.open("rb") as stream:
        head = stream.read(26)
    if head.startswith(b"\x89PNG"):
        return head[24:] == b"\x10\0"  # 16 bits, gray
    values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED) if head else None
    return values is not None and values.ndim == 2 and values.dtype != np.uint8


def read_scan(path: Path) -> Scan:
    """Read a scan; see the module.

    Raises:
        UserError: It cannot be read, is a volume, or its pixels are not square.
    """
    if not path.is_file():
        raise UserError(f"{path}: not there")
    if not path.stat().st_size:
        raise UserError(f"{path}: empty (0 bytes); copy the image again from where it came from")
    return _medical(path) if is_medical(path.name) else Scan(_rgb(_windowed(_deep(path))), float("nan"))


def _deep(path: Path) -> np.ndarray:
    values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.ndim != 2:
        raise UserError(f"{path}: not a readable grey image of 16 bits; save it again as PNG")
    return values


def _medical(path: Path) -> Scan:
    import SimpleITK as sitk  # half a second that only medical images need pay

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # what is wrong is raised
    try:
        found = reader.Execute()
        about = {key: reader.GetMetaData(key).strip() for key in reader.GetMetaDataKeys()}
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"{path}: not a readable medical image ({reason}); export it again") from None
    values = sitk.GetArrayFromImage(found)
    planes = values.reshape(-1, *values.shape[found.GetDimension() - 2 :])
    if len(planes) != 1:
        size = " x ".join(map(str, found.GetSize()))
        raise UserError(f"{path}: a volume of {size} voxels; expected one image: cut the wanted plane out of it first")
    dicom = path.suffix.lower() == ".dcm"
    spacing = _dicom_spacing(about) if dicom else _header_spacing(path, found.GetSpacing()[:2])
    pixels = _rgb(_windowed(planes[0], about if dicom else {}))
    return Scan(pixels, _square_side(path, spacing), _placement(path, found, about))


def _placement(path: Path, found: Any, about: dict[str, str]) -> Float[np.ndarray, "3 3"]:
    """See `Scan`; `found` is what SimpleITK read."""
    if found.GetDimension() < 3 or not _PLACED[_end_of(path)](path, about):
        return np.full((3, 3), np.nan)
    direction = np.array(found.GetDirection()).reshape(found.GetDimension(), -1)[:3, :2]
    steps = direction * np.array(found.GetSpacing()[:2])
    return np.stack([np.array(found.GetOrigin()[:3]), *steps.T]) * _LPS_TO_RAS + 0.0  # no -0


def _end_of(path: Path) -> str:
    return next(end for end in MEDICAL if path.name.lower().endswith(end))


def _dicom_says(path: Path, about: dict[str, str]) -> bool:
    return all(about.get(key) for key in _DICOM_PLACEMENT)


def _nifti_says(path: Path, about: dict[str, str]) -> bool:
    return any(about.get(key, "0") not in ("", "0") for key in ("qform_code", "sform_code"))


def _metaimage_says(path: Path, about: dict[str, str]) -> bool:
    """SimpleITK says 0 and the unit matrix where nothing is stated."""
    header = _metaimage_header(path)
    return any(b"\n" + key in header for key in (b"TransformMatrix", b"Orientation", b"Rotation"))


_PLACED = {".dcm": _dicom_says, ".nii": _nifti_says, ".nii.gz": _nifti_says, ".mha": _metaimage_says}
"""By the end of a file's name: whether it says where in the patient its image lies."""


def _metaimage_header(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096).partition(b"ElementDataFile")[0]


def _dicom_spacing(about: dict[str, str]) -> tuple[float, float] | None:
    """Millimetres from row to row and from column to column."""
    for key in _DICOM_SPACINGS:
        numbers = about.get(key, "").split("\\")
        if len(numbers) == 2 and all(numbers):
            return float(numbers[0]), float(numbers[1])
    return None


def _header_spacing(path: Path, spacing: tuple[float, ...]) -> tuple[float, ...] | None:
    """The reader's spacing; none where a MetaImage header states none, for which the reader says 1."""
    if path.suffix.lower() == ".mha":
        header = _metaimage_header(path)
        if b"ElementSpacing" not in header and b"ElementSize" not in header:
            return None
    return spacing


def _square_side(path: Path, spacing: tuple[float, ...] | None) -> float:
    if spacing is None or min(spacing) <= 0:
        return float("nan")
    low, high = min(spacing), max(spacing)
    if high > low * (1 + _SQUARE):
        raise UserError(
            f"{path}: its pixels are {spacing[0]:g} x {spacing[1]:g} mm; lengths and angles need square ones, so "
            "resample the image (and its labels) first"
        )
    return float(np.mean(spacing))


def _windowed(values: np.ndarray, about: dict[str, Any] | None = None) -> UInt8[np.ndarray, "H W *C"]:
    """8-bit pixels by the window of the module's description; `about` holds the DICOM tags."""
    about = about or {}
    centre, width = (about.get(key, "").split("\\")[0] for key in ("0028|1050", "0028|1051"))
    inverted = about.get("0028|0004") == "MONOCHROME1"
    if values.dtype == np.uint8 and not (centre and width):
        return 255 - values if inverted else values
    if centre and width:
        # DICOM PS3.3 C.11.2.1.2.1
        middle, span = float(centre) - 0.5, max(float(width) - 1, 1.0)
        low, high = middle - span / 2, middle + span / 2
    else:
        low, high = np.percentile(values[np.isfinite(values)], _WINDOW) if np.isfinite(values).any() else (0.0, 1.0)
    scaled = _scaled(values, float(low), float(high))
    return 255 - scaled if inverted else scaled


def _scaled(values: np.ndarray, low: float, high: float) -> UInt8[np.ndarray, "H W *C"]:
    share: Float[np.ndarray, "H W *C"] = (np.nan_to_num(values.astype(np.float64)) - low) / max(high - low, 1e-12)
    return np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)


def _rgb(pixels: UInt8[np.ndarray, "H W *C"]) -> UInt8[np.ndarray, "H W 3"]:
    return np.ascontiguousarray(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3])
