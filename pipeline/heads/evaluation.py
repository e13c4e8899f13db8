"""What every head's evaluation offers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measurement
from pipeline.problem import Problem
from pipeline.scoring.bootstrap import Interval

Groups = dict[str, dict[str, float]]
Drawings = dict[str, Callable[[Path], None]]


class Statistic(NamedTuple):
    """A column of the slice table: what of the images' values is taken."""

    name: str
    how: Literal["mean", "rms", "median"]
    values: Float[np.ndarray, "N *Q"]
    weights: Float[np.ndarray, "N"] | None = None


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


class Head(ABC):
    """One head's answers to a split, held against the truth.

    Attributes:
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

    measurements: Sequence[Measurement] = ()

    def measured(self, images: Sequence[str]) -> list[tuple[str, Measurement]]:
        """What was measured, each with its name: the image's, where images are what is measured."""
        return list(zip(images, self.measurements, strict=True)) if self.measurements else []

    @abstractmethod
    def groups(self) -> Groups:
        """Its groups of metrics.json; a number that cannot be had is NaN, intervals end in `_low` and `_high`."""

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
