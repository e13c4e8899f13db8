"""A headline score with its unit and how it is pooled."""

import json
import math
from pathlib import Path
from typing import NamedTuple

from heelstrike.errors import UserError
from heelstrike.files import write_json
from pipeline.scoring.format import number

SCORES = "scores.json"
"""File name, in the folder of the report."""


Groups = dict[str, dict[str, float]]
"""Numbers by group and name, as in metrics.json."""


class Score(NamedTuple):
    """A headline score of a model on a split.

    Attributes:
        metric: Place in metrics.json, and in MLflow below `test/`: `keypoints/rmse_px`.
        title: Name of the score in messages and tables.
        value: The score; NaN if nothing in the split can be scored, inf if a prediction is not finite.
        unit: Text that follows the number, for instance ` px` or `°`.
        pooling: How it is pooled and over what: `median over all labelled quantities`.
    """

    metric: str
    title: str
    value: float
    unit: str
    pooling: str

    def __str__(self) -> str:
        """Title, value and unit: `RMSE 0.718 px`."""
        return f"{self.title} {number(self.value, self.unit)}"


def write_scores(scores: list[Score], path: Path) -> None:
    """Write scores.json; values have six significant digits, or are null if not finite."""
    rows = [score._asdict() | {"value": rounded(score.value)} for score in scores]
    write_json(path, rows)


def read_scores(path: Path) -> list[Score]:
    """Read scores.json.

    Raises:
        UserError: The file is missing.
    """
    try:
        rows = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run the evaluate stage first") from None
    return [Score(**row | {"value": math.nan if row["value"] is None else row["value"]}) for row in rows]


def rounded(value: float) -> float | None:
    """A number for JSON: six significant digits (the rest is noise in a diff); `None` if it is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
