"""Settings of answers from several frames, which are part of a package."""

from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field

from heelstrike.preprocess.windows import OddSlots, Slots, Window
from heelstrike.settings import Strict


class OverTime(Strict):
    """How a package answers from several frames; `heelstrike.preprocess.windows` explains the window.

    A radius is `factor * spread` of the graph. A factor of `None` means a radius without limit.
    """

    slots: Annotated[OddSlots, Field(description="slots of a window, odd; the middle one is the frame itself")]
    step_s: Annotated[float, Field(gt=0, description="seconds from one slot to the next")]
    confidence: Annotated[
        float, Field(ge=0, le=1, description="a keypoint of lower confidence does not count in a window")
    ]
    fill: Annotated[
        float,
        Field(gt=0, description="a missing keypoint with a larger radius stays missing, as a share of the size"),
    ]
    corrects: Annotated[
        bool,
        Field(
            description="true if keypoints that the frame shows are corrected too; false: only missing ones are "
            "answered"
        ),
    ]
    seen: Annotated[float | None, Field(description="factor of a keypoint that the frame itself shows")]
    filled: Annotated[float | None, Field(description="factor of a keypoint that only frames around it show")]
    quantities: Annotated[dict[str, float | None], Field(description="factor of each quantity; null: no limit")] = {}

    @property
    def window(self) -> Slots:
        """The window's slots."""
        return Slots(self.slots, self.step_s, self.confidence)

    def radius(
        self, window: Window, spread: Float[np.ndarray, " K"], growth: float = 1.0
    ) -> tuple[Float[np.ndarray, " K"], Bool[np.ndarray, " K"]]:
        """Return the radius of each keypoint, and which keypoints are answered.

        Args:
            window: The window.
            spread: What the graph says of it.
            growth: Factor of the radii where the image is enlarged.

        Returns:
            Radii in shares of the window's size, inf without limit; and True for a keypoint that is answered: one that
            the frame shows if such are corrected, and one that it does not show if the radius is small enough.
        """
        seen, filled = (np.inf if factor is None else factor for factor in (self.seen, self.filled))
        here = window.confidence[self.slots // 2] > 0
        radius = growth * spread * np.where(here, seen, filled)
        return radius, window.known & np.where(here, self.corrects, radius <= self.fill)
