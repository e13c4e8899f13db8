"""The calibration of how far predicted keypoints may be off, which is part of a package."""

import math
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from heelstrike.settings import Strict

RADII = "radii.json"
"""File of the calibration between the stages evaluate and package; it holds null without a calibration."""


class Radii(Strict):
    """Converts the confidence of a keypoint to a radius. Also has the factors of the half-widths of quantities.

    `pipeline/evaluate/conformal.py` fits it. A radius is `factor * difficulty(confidence)` in pixels of the network's
    input, so it does not depend on the size of the image. A factor of `None` means a radius without limit, because
    there were too few subjects to calibrate on.
    """

    level: Annotated[
        float, Field(gt=0, lt=1, description="share of a new subject's keypoints that lie within their radius")
    ]
    subjects: Annotated[
        int, Field(ge=0, description="number of subjects in the validation split that it was fitted on")
    ]
    difficulty: Annotated[
        tuple[tuple[float, float], ...],
        Field(
            min_length=1, description="(confidence, size of error in input px), by rising confidence; linear between"
        ),
    ]
    factors: Annotated[tuple[float | None, ...], Field(description="factor of each keypoint; null: no limit")]
    enlarged: Annotated[
        tuple[tuple[float, float], ...],
        Field(
            description="(input px per px of the image, factor of the radius), by rising scale from above 1; linear "
            "between, no limit beyond; empty: radii do not grow"
        ),
    ] = ()
    pooled: Annotated[
        dict[str, str], Field(description="keypoints and quantities whose factor was fitted on others as well")
    ] = {}
    quantities: Annotated[dict[str, float | None], Field(description="factor of each quantity; null: no limit")] = {}

    def of(
        self, confidence: Float[np.ndarray, "*N K"], scale: Float[np.ndarray, "*N"] | float = 1.0
    ) -> Float[np.ndarray, "*N K"]:
        """Return the radius of each keypoint in pixels of the image; inf without limit.

        Args:
            confidence: Confidence of each keypoint in [0, 1].
            scale: Input pixels per pixel of the image.
        """
        at, size = np.array(self.difficulty, np.float64).T
        factors = np.array([np.inf if factor is None else factor for factor in self.factors])
        difficulty = np.interp(np.asarray(confidence, np.float64), at, size)
        return difficulty * factors * (self.growth(scale) / np.asarray(scale, np.float64))[..., None]

    def growth(self, scale: Float[np.ndarray, "*N"] | float) -> Float[np.ndarray, "*N"]:
        """Return the factor by which radii in input pixels grow where the input enlarges the image; inf: no limit."""
        if not self.enlarged:
            return np.ones_like(np.asarray(scale, np.float64))
        at, factor = np.array([(1.0, 1.0), *self.enlarged], np.float64).T
        return np.asarray(np.interp(np.asarray(scale, np.float64), at, factor, right=np.inf))

    @property
    def largest_scale(self) -> float:
        """Input pixels per pixel of the image beyond which radii have no limit."""
        return self.enlarged[-1][0] if self.enlarged else math.inf
