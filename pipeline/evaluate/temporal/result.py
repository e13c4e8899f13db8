"""The judgement of a temporal model, as the stages evaluate and package exchange it."""

import math

from heelstrike.package.over_time_settings import OverTime
from heelstrike.settings import Strict

TEMPORAL = "temporal.json"
"""File of the verdict, in the folder of the report; null if the network was trained without a temporal model."""


class Verdict(Strict):
    """The judgement of a temporal model.

    Attributes:
        kept: True if the package is to have the model.
        reasons: Why not; empty if it is kept.
        settings: How the package answers with it.
        figures: Figures by kind of videos, null where nothing can be counted; empty without test videos.
    """

    kept: bool
    reasons: tuple[str, ...]
    settings: OverTime
    figures: dict[str, dict[str, float | None]] = {}

    def numbers(self) -> dict[str, float]:
        """Return all figures by name for metrics.json: `usual_rmse_px`."""
        named = {f"{kind}_{name}": value for kind, one in self.figures.items() for name, value in one.items()}
        return {"kept": float(self.kept)} | {name: math.nan if v is None else v for name, v in named.items()}
