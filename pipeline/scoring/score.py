"""A headline number, with its unit and how it is pooled beside it."""

from typing import NamedTuple

from pipeline.scoring.format import number


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
