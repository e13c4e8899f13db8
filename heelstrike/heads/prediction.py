"""What a package says about one image."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Prediction:
    """What the network says about one image, in that image's own pixels; `None` where it has no such head.

    Attributes:
        keypoints: (K, 2) as (x, y), origin at the centre of the top-left pixel.
        confidence: (K,) in [0, 1].
        box: (4,) as x, y, width, height.
        probabilities: (C,) of the classes.
        boxes: (D, 4) of all instances found, the surest first, as x, y, width, height.
        scores: (D,) of each, in [0, 1].
        classes: (D,) index of the class of each.
        radius: (K,) pixels within which the true point lies, of a new subject's points in a share `radii.level`; inf
            where the package cannot promise any, `None` where it was made without.
        others: Outputs of heads that this library does not know, by name, as the graph gives them: where the network
            looked at the mirror image, they are of the mirror image.
        heads: Names of the heads that answered.
    """

    keypoints: Float[np.ndarray, "K 2"] | None = None
    confidence: Float[np.ndarray, " K"] | None = None
    box: Float[np.ndarray, " 4"] | None = None
    probabilities: Float[np.ndarray, " C"] | None = None
    boxes: Float[np.ndarray, "D 4"] | None = None
    scores: Float[np.ndarray, " D"] | None = None
    classes: Int[np.ndarray, " D"] | None = None
    radius: Float[np.ndarray, " K"] | None = None
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    heads: tuple[str, ...] = ()
