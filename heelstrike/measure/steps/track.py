"""The markers of both legs over the time of a video."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.measure.angles import Side

SIDES: tuple[Side, Side] = ("left", "right")
SHANK, ANKLE, HEEL = 0, 1, 2


@dataclass(frozen=True)
class Track:
    """The markers and the rear-foot angles of both legs in each frame of a video; NaN where there is none.

    Attributes:
        time_s: Presentation time stamps, rising, seconds. The frame rate may vary and frames may be missing.
        points: Markers in pixels: (frame, left and right leg, shank, ankle and heel, xy).
        angle_deg: Signed rear-foot angle of each leg, eversion positive.
        half_width_deg: How far the true angle may be off in this frame, to either side; inf without limit, NaN if
            unknown.
    """

    time_s: Float[np.ndarray, "T"]
    points: Float[np.ndarray, "T 2 3 2"]
    angle_deg: Float[np.ndarray, "T 2"]
    half_width_deg: Float[np.ndarray, "T 2"]

    def __post_init__(self) -> None:
        count = len(self.time_s)
        wanted = {"points": (count, 2, 3, 2), "angle_deg": (count, 2), "half_width_deg": (count, 2)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise UserError(
                    f"{name} has the shape {getattr(self, name).shape}, expected {shape} for {count} time stamps; give "
                    "a row for each frame"
                )
        if not np.isfinite(self.time_s).all() or (np.diff(self.time_s) <= 0).any():
            raise UserError("time_s does not rise from frame to frame; give the time stamp of each frame in seconds")
