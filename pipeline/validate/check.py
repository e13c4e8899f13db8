"""What an expectation is before Great Expectations wraps it: options, and a function from labels to findings."""

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
    """One thing that a labeller should look at.

    Attributes:
        row: Row of the annotation table; None when the finding is about the data as a whole.
        keypoint: The keypoint, or several joined by a comma; empty when it is about the image.
        found, expected: What is there and what should be.
        suggestion: What to do.
    """

    row: int | None
    keypoint: str
    found: str
    expected: str
    suggestion: str


@dataclass(frozen=True)
class Findings:
    """What one expectation saw.

    Attributes:
        checked: How many things were looked at.
        unit: What these things are, in the plural.
        items: What was not as expected, in table order.
    """

    checked: int
    unit: str
    items: list[Finding] = field(default_factory=list)


class Check(Strict, ABC):
    """Base of every expectation. Its fields are the options of params.yaml, its docstring's first line the sentence."""

    @abstractmethod
    def find(self, labels: LabelArrays) -> Findings:
        """Look at all labels and return what is not as expected."""

    def named(self) -> Iterator[tuple[str, str]]:
        """Option and keypoint for every keypoint that the options name, so that a wrong name is found at once."""
        yield from ()

    def check_names(self, problem: Problem) -> None:
        """Refuse options that name a keypoint the problem does not have.

        Raises:
            ValueError: Naming the option and the keypoint.
        """
        for option, name in self.named():
            if name not in problem.keypoints:
                raise ValueError(
                    f"options.{option} names {name!r}, which is not one of problem.keypoints {list(problem.keypoints)}"
                )

    @classmethod
    def sentence(cls) -> str:
        """What is expected, in one sentence."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


def show_point(xy: Float[np.ndarray, "2"]) -> str:
    """`(651.2, 33.0)`."""
    return f"({xy[0]:.1f}, {xy[1]:.1f})"
