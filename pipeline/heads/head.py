"""A kind of answer of a network: what is known of it without torch, and where the rest lies."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from pipeline.problem import Problem


@dataclass(frozen=True)
class Head:
    """One head.

    Attributes:
        name: What networks and `train.steps` call it; also its main group of metrics.
        room: The package of its facets, a module for each.
        outputs: Names under which a network predicts it.
        misfit: Why it cannot serve a problem, or None.
        card: What the model card says that it finds; `{points}` and `{categories}` are filled in.
        headlines: Names of the metrics of its groups that lists of runs show, the most telling one first.
        label: What follows the first of them in a line of a terminal.
        keypoints: Whether it finds the problem's keypoints, which measures and radii are read off.
    """

    name: str
    room: str
    outputs: tuple[str, ...]
    misfit: Callable[[Problem], str | None]
    card: str
    headlines: tuple[str, ...]
    label: str
    keypoints: bool = False


class Facet:
    """Base of what one stage needs of a head; `HeadTraining.of(head)` is the head's own.

    It lies in a module of the head's room, under the module's name in capitals, and is imported when it is first asked
    for: reading params.yaml needs no torch, and training no matplotlib.
    """

    modules: ClassVar[str]
    """The modules of all heads with this facet, where `*` is the head: what dvc.yaml's dependencies are found by."""

    @classmethod
    def of(cls, head: Head) -> Self:
        """The head's own.

        Raises:
            TypeError: What the head's room offers is something else.
        """
        name = cls.modules.rpartition(".")[2]
        facet = getattr(importlib.import_module(f"{head.room}.{name}"), name.upper())
        if not isinstance(facet, cls):
            raise TypeError(f"{head.room}.{name}.{name.upper()} is {facet!r}, not a {cls.__name__}")
        return facet
