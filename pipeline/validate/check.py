"""Base class of the expectations before Great Expectations wraps them: options, and a function that finds faults."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from heelstrike.settings import Strict
from pipeline.problem import Problem
from pipeline.validate.labels import LabelArrays


@dataclass(frozen=True)
class Finding:
    """One label that a person should look at.

    Attributes:
        row: Row of the annotation table; `None` if the finding is about the data as a whole.
        keypoint: Name of the keypoint, or names joined by commas; empty if the finding is about the image.
        found: Description of the label.
        expected: Description of a label that would pass.
        suggestion: Advice to the labeller.
    """

    row: int | None
    keypoint: str
    found: str
    expected: str
    suggestion: str


@dataclass(frozen=True)
class Findings:
    """Result of one expectation.

    Attributes:
        checked: Number of things that were checked.
        unit: Name of these things, in the plural.
        items: Findings in the order of the table.
    """

    checked: int
    unit: str
    items: list[Finding] = field(default_factory=list)


class Check(Strict, ABC):
    """Base of every expectation.

    The fields of a subclass are its options in params.yaml. The first line of its docstring is shown in Data Docs.
    """

    @abstractmethod
    def find(self, labels: LabelArrays) -> Findings:
        """Check all labels and return the findings."""

    def named_keypoints(self) -> Iterator[tuple[str, str]]:
        """Yield (option, keypoint) for every keypoint that the options name."""
        yield from ()

    def check_names(self, problem: Problem) -> None:
        """Refuse options that name a keypoint the problem does not have.

        Raises:
            ValueError: An option names an unknown keypoint; the message names both.
        """
        for option, name in self.named_keypoints():
            if name not in problem.keypoints:
                raise ValueError(
                    f"options.{option} names {name!r}, which is not one of problem.keypoints {list(problem.keypoints)}"
                )

    @classmethod
    def sentence(cls) -> str:
        """Return what is expected, in one sentence."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


def show_point(xy: Float[np.ndarray, "2"]) -> str:
    """Format a point, for example as `(651.2, 33.0)`."""
    return f"({xy[0]:.1f}, {xy[1]:.1f})"
