"""What every head's evaluation offers."""

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
from pipeline.scoring.score import Score

Groups = dict[str, dict[str, float]]
Drawings = dict[str, Callable[[Path], None]]


class Statistic(NamedTuple):
    """A column of the slice table: what of the images' values is taken."""

    name: str
    how: Literal["mean", "rms", "median"]
    values: Float[np.ndarray, "N *Q"]
    weights: Float[np.ndarray, "N"] | None = None


class Promise(NamedTuple):
    """What a package is to promise its consumer.

    Attributes:
        radii: Fitted on the validation split.
        names: Of the keypoints.
        max_radius_px: See `package.max_radius_px`.
        max_uncertainty: See `measure.max_uncertainty`.
    """

    radii: Radii
    names: tuple[str, ...]
    max_radius_px: float | None = None
    max_uncertainty: float | None = None


@dataclass(frozen=True)
class Answers:
    """What a model predicts of a split, and what it is judged by.

    Attributes:
        truth: The split.
        predictions: By output, in input pixels.
        problem: Names of keypoints and classes.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer takes an answer for none.
        measure: What is read off an image's keypoints; None: nothing.
        exam_measure: What is read off the keypoints of an exam's images together; None: nothing.
        promise: How far keypoints may be off, to be checked; None: nothing is said of it.
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
        truth: True points, original pixels, NaN where there is none.
        predicted: Those that a consumer gets.
        lines: Pairs of points to join.
    """

    truth: Float[np.ndarray, "N P 2"]
    predicted: Float[np.ndarray, "N P 2"]
    lines: list[tuple[int, int]]


class Scene(NamedTuple):
    """What figures may show beside numbers.

    Attributes:
        problem: Names of keypoints and classes.
        files: Image file of each row.
        network: The network itself, in evaluation mode.
        pixels: (N, H, W, C) what it saw; may be memory-mapped.
        images: Of each kind on a sheet.
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
        """Its answers to a split, held against the truth."""


def scores_of(answers: Answers) -> "list[Scores]":
    """Those of every head that answered; the first one's error is what images are ranked by."""
    answered = [head for head in HEADS.values() if set(head.outputs) <= set(answers.predictions)]
    return [scores for head in answered for scores in HeadEvaluation.of(head).scores(answers)]


class Scores(ABC):
    """One head's answers to a split, held against the truth.

    Attributes:
        cases: The split with these answers, which its headline numbers are computed from.
        measurements: Every image measured as a consumer would; empty where nothing is measured.
    """

    error: ClassVar[str]
    """Column of `columns` by which images are ranked: the larger the worse."""

    unit: ClassVar[str] = "px"
    """Of that column; original pixels, or nothing."""

    history: ClassVar[str]
    """Column of history.csv with its validation error."""

    history_title: ClassVar[str] = "Validation RMSE (input px)"
    """What that is."""

    cases: Cases
    measurements: Sequence[Measurement] = ()

    def measured(self, images: Sequence[str]) -> list[tuple[str, Measurement]]:
        """What was measured, each with its name: the image's, where images are what is measured."""
        return list(zip(images, self.measurements, strict=True)) if self.measurements else []

    @abstractmethod
    def headlines(self) -> list[Score]:
        """Its headline numbers, the same that gates, MLflow and terminal show; the first is its error."""

    @abstractmethod
    def groups(self) -> Groups:
        """Its groups of metrics.json; a number that cannot be had is NaN, intervals end in `_low` and `_high`."""

    def published(self) -> Groups:
        """Numbers that only published tables have, by group; see pipeline/grid."""
        return {}

    @abstractmethod
    def statistics(self) -> list[Statistic]:
        """Its columns of the slice table."""

    @abstractmethod
    def panels(self) -> dict[str, str]:
        """Of those, the ones to draw, each with its title."""

    @abstractmethod
    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Its columns of per_image.parquet.

        Args:
            names: Of the keypoints.
        """

    def overlay(self, problem: Problem) -> Overlay | None:
        """What to draw over the images of the overlay sheet; nothing where it has a sheet of its own, or none."""
        return None

    @abstractmethod
    def drawings(self, scene: Scene) -> Drawings:
        """Its own figures, by name."""


def ends(name: str, interval: Interval) -> dict[str, float]:
    """An interval as two numbers of a group."""
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def with_headlines(groups: Groups, headlines: list[Score]) -> Groups:
    """The groups with the headline numbers in their places."""
    merged = {name: dict(group) for name, group in groups.items()}
    for score in headlines:
        group, _, name = score.metric.partition("/")
        merged.setdefault(group, {})[name] = score.value
    return merged
