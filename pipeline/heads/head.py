"""A head, a kind of prediction of a network: what is known of it without torch, and where its facets are."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from pipeline.problem import Problem


@dataclass(frozen=True)
class Head:
    """One head.

    Attributes:
        name: Its name in networks and `train.steps`; also the name of its main group of metrics.
        room: The package that holds its facets, one module each.
        outputs: Names of its outputs in a network's predictions.
        misfit: Returns the reason why the head cannot serve a problem, or `None`.
        card: What the model card says it finds; `{points}` and `{categories}` are filled in.
        headlines: Names of the metrics of its groups that lists of runs show, the most important first.
        label: Text that follows the first of them in a line of a terminal.
        keypoints: True if the head predicts the problem's keypoints, which measures and radii need; its outputs are
            then the points and their confidence.
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
    """Base of what one stage needs of a head; `HeadTraining.of(head)` returns a head's instance.

    The instance is in a module of the head's room, under the module's name in capitals. It is imported on first use, so
    that reading params.yaml needs no torch and training needs no matplotlib.
    """

    modules: ClassVar[str]
    """Pattern of the modules with this facet, where `*` is the head; dvc.yaml's dependencies are derived from it."""

    @classmethod
    def of(cls, head: Head) -> Self:
        """The facet of a head.

        Raises:
            TypeError: The object in the head's room is not such a facet.
        """
        name = cls.modules.rpartition(".")[2]
        facet = getattr(importlib.import_module(f"{head.room}.{name}"), name.upper())
        if not isinstance(facet, cls):
            raise TypeError(f"{head.room}.{name}.{name.upper()} is {facet!r}, not a {cls.__name__}")
        return facet
