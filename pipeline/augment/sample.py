"""One image with all its labels."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8


class Sample(NamedTuple):
    """One image with all its labels, in the image's pixels.

    Attributes:
        image: RGB or gray image.
        keypoints: (x, y), NaN where not labelled.
        visibility: COCO's 0, 1, 2.
        box: x, y, width, height.
        objects: x, y, width, height, class of each instance, NaN after the last instance; empty unless the problem is
            multi-instance.
    """

    image: UInt8[np.ndarray, "H W C"]
    keypoints: Float[np.ndarray, "K 2"]
    visibility: UInt8[np.ndarray, " K"]
    box: Float[np.ndarray, "4"]
    objects: Float[np.ndarray, "M 5"]
