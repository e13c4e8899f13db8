"""Heads: one folder for each kind of prediction, and their registry.

To add a head, add a folder with a `Head` and its facets (training, evaluation, words, export, error), and list it in
`HEADS`. Outside this package only the networks that have a head know its name.
"""

from collections.abc import Iterable

from pipeline.heads.box import BOX
from pipeline.heads.classes import CLASS
from pipeline.heads.detections import DETECTIONS
from pipeline.heads.head import Head
from pipeline.heads.keypoints import KEYPOINTS
from pipeline.models.settings.base import ArchitectureSettings
from pipeline.problem import Problem

HEADS: dict[str, Head] = {head.name: head for head in (KEYPOINTS, BOX, CLASS, DETECTIONS)}
"""All heads by name. Of a network's heads, the first one here ranks images, selects the epoch and is gated."""

USUAL: tuple[str, ...] = (BOX.name, KEYPOINTS.name)
"""The heads that a training step trains unless params say otherwise."""


def heads_of(names: Iterable[str]) -> list[Head]:
    """The heads with these names, in the registry's order; unknown names are ignored."""
    chosen = set(names)
    return [head for name, head in HEADS.items() if name in chosen]


def misfit_of(settings: ArchitectureSettings, problem: Problem) -> str | None:
    """The reason why a network cannot be built for the problem, its heads' reasons first; `None` if it can."""
    findings = (head.misfit(problem) for head in heads_of(settings.heads))
    return next(filter(None, findings), None) or settings.misfit(problem)


__all__ = ["HEADS", "Head", "heads_of", "misfit_of"]
