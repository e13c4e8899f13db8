"""A headline number, with its unit and how it is pooled beside it."""

import json
import math
from pathlib import Path
from typing import NamedTuple

from heelstrike.errors import UserError
from heelstrike.files import write_json
from pipeline.scoring.format import number

SCORES = "scores.json"
"""Name of the file, beside the report."""


class Score(NamedTuple):
    """One headline number of a model on a split.

    Attributes:
        metric: Where it stands in metrics.json, and in MLflow below `test/`: `keypoints/rmse_px`.
        title: What it is, for a person.
        value: NaN where nothing in the split can be scored; inf where an answer is no number.
        unit: As written after a number, for instance ` px` or `°`.
        pooling: Over what it is taken, and how: `median over all labelled quantities`.
    """

    metric: str
    title: str
    value: float
    unit: str
    pooling: str

    def __str__(self) -> str:
        """`RMSE 0.718 px`."""
        return f"{self.title} {number(self.value, self.unit)}"


def write_scores(scores: list[Score], path: Path) -> None:
    """Write scores.json; a value that is no number is null, the others have six significant digits."""
    rows = [score._asdict() | {"value": rounded(score.value)} for score in scores]
    write_json(path, rows)


def read_scores(path: Path) -> list[Score]:
    """What `write_scores` wrote.

    Raises:
        UserError: The file is missing.
    """
    try:
        rows = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run the evaluate stage first") from None
    return [Score(**row | {"value": math.nan if row["value"] is None else row["value"]}) for row in rows]


def rounded(value: float) -> float | None:
    """A number as JSON files hold it: six significant digits (the rest is noise in a diff); None if it is none."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
