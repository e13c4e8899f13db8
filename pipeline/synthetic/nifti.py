"""One image as a NIfTI-1 file with its position in the patient (format: nifti1.h of the NIH)."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import SimpleITK as sitk
from jaxtyping import Float, Int16

_RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])  # our patient coordinates to SimpleITK's


def nifti(values: Int16[np.ndarray, "H W"], placement: Float[np.ndarray, "3 3"], slice_mm: float) -> bytes:
    """Return the content of a NIfTI file.

    Args:
        values: The image, rows from the top as displayed.
        placement: Patient coordinates (RAS, mm) of the centre of the top-left pixel, step to the pixel on the right,
            step to the pixel below. The steps are perpendicular.
        slice_mm: Thickness of the slice, mm.
    """
    origin, *steps = placement * _RAS_TO_LPS
    sizes = np.linalg.norm(steps, axis=1)
    right, down = steps / sizes[:, None]
    image = sitk.GetImageFromArray(values[None])
    image.SetOrigin(origin.tolist())
    image.SetSpacing((*sizes.tolist(), slice_mm))
    image.SetDirection(np.stack([right, down, np.cross(right, down)], axis=1).ravel().tolist())
    with TemporaryDirectory() as folder:  # SimpleITK writes to files alone
        path = Path(folder) / "image.nii"
        sitk.WriteImage(image, str(path))
        return path.read_bytes()
