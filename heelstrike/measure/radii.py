"""How far a predicted keypoint may be off: the calibration that a package carries, as plain numbers."""

from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from heelstrike.settings import Strict

RADII = "radii.json"
"""What the evaluate stage calls the calibration that the package stage carries on; null in it: there is none."""


class Radii(Strict):
    """What turns a confidence into a radius, and the propagated spread of a quantity into its half-width.

    `pipeline/evaluate/conformal.py` fits it. A radius is `factor * difficulty(confidence)` in pixels of the network's
    input, which is the same for large and small images; a factor that is none stands for a radius without limit, where
    too few subjects were there to promise any.
    """

    level: Annotated[float, Field(gt=0, lt=1, description="share of points within their radius, of a new subject's")]
    subjects: Annotated[int, Field(ge=0, description="subjects of the validation split it was fitted on")]
    difficulty: Annotated[
        tuple[tuple[float, float], ...],
        Field(
            min_length=1, description="(confidence, size of error in input px), by rising confidence; linear between"
        ),
    ]
    factors: Annotated[tuple[float | None, ...], Field(description="of each keypoint; none: no limit")]
    pooled: Annotated[
        dict[str, str], Field(description="keypoints and quantities whose factor is not from themselves alone")
    ] = {}
    quantities: Annotated[
        dict[str, float | None], Field(description="of each quantity that is measured; none: no limit")
    ] = {}

    def of(
        self, confidence: Float[np.ndarray, "*N K"], scale: Float[np.ndarray, "*N"] | float = 1.0
    ) -> Float[np.ndarray, "*N K"]:
        """The radius of each keypoint in pixels of the image, inf where there is no limit.

        Args:
            confidence: In [0, 1].
            scale: Input pixels per pixel of the image.
        """
        at, size = np.array(self.difficulty, np.float64).T
        factors = np.array([np.inf if factor is None else factor for factor in self.factors])
        difficulty = np.interp(np.asarray(confidence, np.float64), at, size)
        return difficulty * factors / np.asarray(scale, np.float64)[..., None]
