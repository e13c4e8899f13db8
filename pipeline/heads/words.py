"""The words facet of a head: what the report says about it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from heelstrike.measure.base import Measure
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.head import Facet
from pipeline.problem import Problem
from pipeline.scoring.score import Groups


@dataclass(frozen=True)
class EvaluationResults:
    """Results of an evaluation that the report describes.

    Attributes:
        metrics: Numbers by group, as `summarise` makes them.
        problem: Keypoints, classes and input size.
        settings: Bands and bootstrap.
        measure: Measured the keypoints of an image; `None` means that nothing was measured.
    """

    metrics: Groups
    problem: Problem
    settings: EvaluateSettings
    measure: Measure | None


class Section(NamedTuple):
    """A section of the report that only some heads have: title, paragraphs, and the name of its figure."""

    title: str
    paragraphs: list[str]
    figure: str


class HeadWords(Facet, ABC):
    """One head in the report."""

    modules = "pipeline.heads.*.words"

    captions: ClassVar[Mapping[str, str]]
    """Captions of the figures, by name."""

    sheets: ClassVar[tuple[str, ...]] = ()
    """Names of the figures that show images."""

    figures: ClassVar[tuple[str, ...]]
    """Names of the figures that show errors, in the order of the report."""

    @abstractmethod
    def verdict(self, results: EvaluationResults) -> str:
        """How good the model is, in a sentence or two."""

    @abstractmethod
    def rows(self, results: EvaluationResults) -> list[list[str]]:
        """Rows for the table of results: name, value, interval, meaning."""

    def sections(self, results: EvaluationResults) -> list[Section]:
        """Sections of the report that only this head has."""
        return []
