"""Image files as RGB arrays."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError


def read_image(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    """Read an image as RGB, turned as its metadata says; gray becomes three equal channels.

    Raises:
        UserError: It is missing, empty or no image.
    """
    if not path.is_file():
        raise UserError(f"{path}: not there; run the collect stage again")
    data = np.fromfile(path, np.uint8)
    if not data.size:
        raise UserError(f"{path}: the file is empty (0 bytes); copy it again")
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise UserError(f"{path}: not a readable image ({data.size} bytes); open it in a viewer, or save it again")
    return np.asarray(image, dtype=np.uint8)
