"""One image as a NIfTI-1 file with its position in the patient (format: nifti1.h of the NIH)."""

import struct

import numpy as np
from jaxtyping import Float, Int16

_MILLIMETRES, _INT16, _SCANNER = 2, 4, 1


def nifti(values: Int16[np.ndarray, "H W"], placement: Float[np.ndarray, "3 3"], slice_mm: float) -> bytes:
    """Return the content of a NIfTI file.

    Args:
        values: The image, rows from the top as displayed.
        placement: Patient coordinates (RAS, mm) of the centre of the top-left pixel, step to the pixel on the right,
            step to the pixel below. The steps are perpendicular.
        slice_mm: Thickness of the slice, mm.
    """
    origin, along_x, along_y = placement
    steps = np.linalg.norm(placement[1:], axis=1)
    across = np.cross(along_x / steps[0], along_y / steps[1]) * slice_mm
    affine = np.stack([along_x, along_y, across, origin], axis=1)
    header = bytearray(352)
    height, width = values.shape
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, width, height, 1, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, _INT16, 16)
    struct.pack_into("<8f", header, 76, 1, *steps, slice_mm, 1, 1, 1, 1)
    struct.pack_into("<ff", header, 108, 352, 1)
    struct.pack_into("<b", header, 123, _MILLIMETRES)
    struct.pack_into("<hh", header, 252, 0, _SCANNER)
    struct.pack_into("<12f", header, 280, *affine.ravel())
    header[344:348] = b"n+1\0"
    return bytes(header) + values.astype("<i2").tobytes()
