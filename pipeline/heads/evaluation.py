"""The evaluation facet of a head."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.exam import ExamMeasure
from heelstrike.measure.radii import Radii
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads import HEADS
from pipeline.heads.head import Facet
from pipeline.models.inference import ArrayPredictions
from pipeline.problem import Problem
from pipeline.scoring.bootstrap import Interval
from pipeline.scoring.case_table import Cases
from pipeline.scoring.cases import Truth
from pipeline.scoring.score import Groups, Score

Drawings = dict[str, Callable[[Path], None]]


class Statistic(NamedTuple):
    """A column of the slice table.

    Attributes:
        name: Of the column.
        reduction: How the images' values are reduced to one number; for `rms` the values are squares.
        values: One or several per image; NaN is left out.
        weights: One per image, 1 by default.
    """

    name: str
    reduction: Literal["mean", "rms", "median"]
    values: Float[np.ndarray, "N *Q"]
    weights: Float[np.ndarray, "N"] | None = None


class Promise(NamedTuple):
    """What a package promises its consumer about errors.

    Attributes:
        radii: Fitted on the validation split.
        names: Names of the keypoints.
        max_radius_px: `package.max_radius_px` of params.yaml.
        max_uncertainty: The measure's uncertainty limit in params.yaml.
    """

    radii: Radii
    names: tuple[str, ...]
    max_radius_px: float | None = None
    max_uncertainty: float | None = None


@dataclass(frozen=True)
class Answers:
    """A model's predictions on a split, and what is needed to evaluate them.

    Attributes:
        truth: The split.
        predictions: Arrays by output, in input pixels.
        problem: Names of keypoints and classes.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer treats a prediction as missing.
        measure: Measures the keypoints of an image; `None` means that nothing is measured.
        exam_measure: Measures the keypoints of all images of an exam; `None` means that nothing is measured.
        promise: Promised radii, to be checked; `None` means that nothing is promised.
    """

    truth: Truth
    predictions: ArrayPredictions
    problem: Problem
    settings: EvaluateSettings
    threshold: float = 0.0
    measure: Measure | None = None
    exam_measure: ExamMeasure | None = None
    promise: Promise | None = None


class Overlay(NamedTuple):
    """What is drawn over images.

    Attributes:
        truth: True points, original pixels, NaN where not labelled.
        predicted: Points that a consumer gets, original pixels, NaN where missing.
        lines: Pairs of indices of points to join.
    """

    truth: Float[np.ndarray, "N P 2"]
    predicted: Float[np.ndarray, "N P 2"]
    lines: list[tuple[int, int]]


class Scene(NamedTuple):
    """What figures may show besides numbers.

    Attributes:
        problem: Names of keypoints and classes.
        files: Image file of each row.
        network: The network itself, in evaluation mode.
        pixels: (N, H, W, C) its inputs; may be memory-mapped.
        images: Number of images of each kind on a sheet.
    """

    problem: Problem
    files: list[Path]
    network: Any
    pixels: np.ndarray
    images: int


class HeadEvaluation(Facet, ABC):
    """One head in evaluation."""

    modules = "pipeline.heads.*.evaluation"

    @abstractmethod
    def scores(self, answers: Answers) -> "list[Scores]":
        """The head's predictions on a split, compared with the truth."""


def scores_of(answers: Answers) -> "list[Scores]":
    """The scores of every head that predicted; images are ranked by the first one's error."""
    answered = [head for head in HEADS.values() if set(head.outputs) <= set(answers.predictions)]
    return [scores for head in answered for scores in HeadEvaluation.of(head).scores(answers)]


class Scores(ABC):
    """One head's predictions on a split, compared with the truth.

    Attributes:
        cases: The split with these predictions; the headline scores are computed from it.
        measurements: The measurement of every image as a consumer gets it; empty if nothing is measured.
    """

    error: ClassVar[str]
    """Name of the column of `columns` by which images are ranked: larger is worse."""

    unit: ClassVar[str] = "px"
    """Unit of that column: `px` for original pixels, or empty."""

    history: ClassVar[str]
    """Column of history.csv with the head's validation error."""

    history_title: ClassVar[str] = "Validation RMSE (input px)"
    """Title of that column in figures."""

    cases: Cases
    measurements: Sequence[Measurement] = ()

    def measured(self, images: Sequence[str]) -> list[tuple[str, Measurement]]:
        """Every measurement with its name; for measurements of images this is the image's name."""
        return list(zip(images, self.measurements, strict=True)) if self.measurements else []

    @abstractmethod
    def headlines(self) -> list[Score]:
        """The headline scores, as gates, MLflow and terminal show them; the first is the head's error."""

    @abstractmethod
    def groups(self) -> Groups:
        """Groups for metrics.json; undefined numbers are NaN, ends of intervals are named `_low` and `_high`."""

    def published(self) -> Groups:
        """Numbers by group that only published tables show (pipeline/grid)."""
        return {}

    @abstractmethod
    def statistics(self) -> list[Statistic]:
        """Columns for the slice table."""

    @abstractmethod
    def panels(self) -> dict[str, str]:
        """Titles of the statistics to draw, by name."""

    @abstractmethod
    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Columns for per_image.parquet.

        Args:
            names: Names of the keypoints.
        """

    def overlay(self, problem: Problem) -> Overlay | None:
        """What to draw over the images of the overlay sheet; `None` if the head does not use that sheet."""
        return None

    @abstractmethod
    def drawings(self, scene: Scene) -> Drawings:
        """Functions that draw the head's figures, by figure name."""


def ends(name: str, interval: Interval) -> dict[str, float]:
    """The two ends of an interval as numbers of a group."""
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def with_headlines(groups: Groups, headlines: list[Score]) -> Groups:
    """A copy of the groups that includes the headline scores."""
    merged = {name: dict(group) for name, group in groups.items()}
    for score in headlines:
        group, _, name = score.metric.partition("/")
        merged.setdefault(group, {})[name] = score.value
    return merged
