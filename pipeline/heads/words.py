"""What the report says of a head."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from heelstrike.measure.base import Measure
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.head import Facet
from pipeline.problem import Problem

Groups = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Findings:
    """What an evaluation found, to be put into words.

    Attributes:
        metrics: Numbers by group, as `summarise` makes them.
        problem: Keypoints, classes and input size.
        settings: Bands and bootstrap.
        measure: What was read off the keypoints of an image; None: nothing.
    """

    metrics: Groups
    problem: Problem
    settings: EvaluateSettings
    measure: Measure | None


class Section(NamedTuple):
    """A part of the report that only some heads have: its title, paragraphs, and the name of its figure."""

    title: str
    paragraphs: list[str]
    figure: str


class HeadWords(Facet, ABC):
    """One head in the report."""

    modules = "pipeline.heads.*.words"

    captions: ClassVar[Mapping[str, str]]
    """Of its figures, by name: what to see in each."""

    sheets: ClassVar[tuple[str, ...]] = ()
    """Of its figures, those that show images."""

    figures: ClassVar[tuple[str, ...]]
    """Of its figures, those that show errors, in the order of the page."""

    @abstractmethod
    def verdict(self, findings: Findings) -> str:
        """How good the model is, in a sentence or two."""

    @abstractmethod
    def rows(self, findings: Findings) -> list[list[str]]:
        """Its rows of the headline table: name, value, interval, what it means."""

    def sections(self, findings: Findings) -> list[Section]:
        """Parts of the page that only this head has."""
        return []
