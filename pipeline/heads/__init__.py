"""Heads: each kind of answer in one room, and the registry of them.

To add one, add a folder with a `Head` and its facets (training, evaluation, words, export, error), and name it in
`HEADS`. Nothing outside of this package knows a head by name, but the networks that have it.
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
"""By name. Where several answer, the first one here ranks images, chooses the best epoch, and is what gates compare."""

USUAL: tuple[str, ...] = (BOX.name, KEYPOINTS.name)
"""The heads that a training step teaches unless params say otherwise."""


def heads_of(names: Iterable[str]) -> list[Head]:
    """The heads of these names, in the registry's order; names that are none are passed over."""
    chosen = set(names)
    return [head for name, head in HEADS.items() if name in chosen]


def misfit_of(settings: ArchitectureSettings, problem: Problem) -> str | None:
    """Why a network cannot be built for the problem, or None: what its heads need, then what it needs itself."""
    findings = (head.misfit(problem) for head in heads_of(settings.heads))
    return next(filter(None, findings), None) or settings.misfit(problem)


__all__ = ["HEADS", "Head", "heads_of", "misfit_of"]
