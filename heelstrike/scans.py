"""Reading medical images as 8-bit pixels, with pixel size and placement in the patient; needs SimpleITK.

The collect stage and the consumer use the same function, so both have the same pixels.

Window: for DICOM the file's window (0028,1050 and 0028,1051; the first if there are several), after the file's rescale
slope and intercept; MONOCHROME1 is inverted, so that more attenuation is brighter. Other files use the default of
`windowing`.

Pixel size: for DICOM see `dicom_spacing`; for MetaImage ElementSpacing; for NIfTI pixdim.

Placement: ImagePositionPatient and ImageOrientationPatient of DICOM; sform or qform of a NIfTI, if its code is not 0;
Offset and TransformMatrix of a MetaImage of three dimensions. Coordinates are RAS: x to the right, y to the front, z to
the head of the patient.

Only the given file is read: a MetaImage or NIfTI whose pixels are in another file is refused.
"""

import gzip
import math
import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from jaxtyping import Float, Shaped, UInt8

from heelstrike.dicom_spacing import NO_SPACING, Spacing, dicom_spacing
from heelstrike.errors import UserError
from heelstrike.images import MOST_PIXELS, Picture
from heelstrike.shape import are_square
from heelstrike.windowing import Window, rgb, windowed

_DICOM_PLACEMENT = ("0020|0032", "0020|0037")
_DICOM_WINDOW = ("0028|1050", "0028|1051")  # centre, width
_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])  # from SimpleITK's patient coordinates to RAS
_READERS = {".mha": "MetaImageIO", ".nii": "NiftiImageIO", ".nii.gz": "NiftiImageIO", ".dcm": "GDCMImageIO"}
_METAIMAGE_PIXELS = b"ElementDataFile"
_METAIMAGE_LOCAL = re.compile(rb"(?:^|\n)ElementDataFile[ \t]*=[ \t]*(?i:LOCAL)[ \t]*\r?\n")
_METAIMAGE_HEAD = 1 << 16  # bytes; longer headers are not read
_NIFTI_HEAD, _NIFTI_MAGIC, _NIFTI_ALONE = 352, (slice(344, 347), slice(4, 7)), (b"n+1", b"n+2")

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
    _check_alone(path)
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[_suffix_of(path)])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check_one_image(path, reader.GetSize())
        image = reader.Execute()
        tags = {key: reader.GetMetaData(key).strip() for key in reader.GetMetaDataKeys()}
    except (RuntimeError, MemoryError) as error:
        reason = (str(error).strip().splitlines() or ["out of memory"])[-1]
        raise UserError(f"{path}: not a readable medical image ({reason}); export it again") from None
    values = sitk.GetArrayFromImage(image)
    plane = values.reshape(values.shape[image.GetDimension() - 2 :])
    if _suffix_of(path) == ".dcm":
        try:
            pixels, spacing = _dicom_pixels(plane, tags), dicom_spacing(tags)
        except ValueError as error:
            raise UserError(f"{path}: its window or pixel size is invalid ({error}); export it again") from None
    else:
        pixels, spacing = windowed(plane), _header_spacing(path, image)
    placement = _placement(path, image, tags)
    return Picture(rgb(pixels), _square_side(path, spacing), placement, True, spacing.unknown)


def _check_alone(path: Path) -> None:
    """Refuse a header that names other files for its pixels, before SimpleITK reads them."""
    suffix = _suffix_of(path)
    if suffix == ".mha":
        head = _head(path, _METAIMAGE_HEAD)
        local = _METAIMAGE_LOCAL.search(head)
        # whatever stands before the first mention of the key cannot be another value of it
        alone = local is not None and head.find(_METAIMAGE_PIXELS) == head.find(_METAIMAGE_PIXELS, local.start())
    elif suffix.startswith(".nii"):
        try:
            head = _head(path, _NIFTI_HEAD)
        except (OSError, EOFError) as error:
            raise UserError(f"{path}: not a readable medical image ({error}); export it again") from None
        alone = any(head[place] in _NIFTI_ALONE for place in _NIFTI_MAGIC)
    else:
        alone = True
    if not alone:
        raise UserError(
            f"{path}: does not hold its pixels itself (expected `ElementDataFile = LOCAL` in a MetaImage, `n+1` or "
            "`n+2` in a NIfTI); save it as one file"
        )


def _head(path: Path, length: int) -> bytes:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as stream:
        return stream.read(length)


def _check_one_image(path: Path, size: tuple[int, ...]) -> None:
    """Refuse volumes and endless images, before memory is taken for them."""
    if any(length != 1 for length in size[2:]):
        voxels = " x ".join(map(str, size))
        raise UserError(
            f"{path}: a volume of {voxels} voxels; expected one image: cut the wanted plane out of it first"
        )
    if size[0] * size[1] > MOST_PIXELS:
        raise UserError(f"{path}: has {size[0]} x {size[1]} pixels, expected at most 2^30; cut it or make it smaller")


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


def _header_spacing(path: Path, image: sitk.Image) -> Spacing:
    """Return SimpleITK's spacing; none for a MetaImage that states none, for which SimpleITK returns 1."""
    if path.suffix.lower() == ".mha":
        header = _metaimage_header(path)
        if b"ElementSpacing" not in header and b"ElementSize" not in header:
            return NO_SPACING
    across, down = image.GetSpacing()[:2]
    return Spacing(down, across)


def _square_side(path: Path, spacing: Spacing) -> float:
    """Return the side of a pixel in millimetres; NaN if it is unknown."""
    height, width = spacing.aspect
    shape = f"{width:g}:{height:g}"
    if are_square(height, width) and not math.isnan(spacing.side):
        height, width = spacing.down, spacing.across
        shape = f"{width:g} x {height:g} mm"
    if not are_square(height, width):
        raise UserError(
            f"{path}: its pixels are not square ({shape}); lengths and angles need square ones, so resample the image "
            "(and its labels) first"
        )
    return spacing.side


def _dicom_pixels(values: Shaped[np.ndarray, "H W *C"], tags: dict[str, str]) -> UInt8[np.ndarray, "H W *C"]:
    """Convert values to pixels by the file's window (DICOM PS3.3 C.11.2.1.2.1), if it has one."""
    centre, width = (tags.get(key, "").split("\\")[0] for key in _DICOM_WINDOW)
    window = None
    if centre and width:
        middle, span = float(centre) - 0.5, max(float(width) - 1, 1.0)
        window = Window(middle - span / 2, middle + span / 2)
    pixels = windowed(values, window)
    return 255 - pixels if tags.get("0028|0004") == "MONOCHROME1" else pixels
