"""What each head needs of a problem."""

from collections.abc import Callable

from pipeline.models.settings.base import ArchitectureSettings
from pipeline.problem import Problem


def _one(problem: Problem) -> str | None:
    if problem.several:
        return "answers for one instance, but problem.several asks for all that an image shows; use `detector`"
    return None


def _keypoints(problem: Problem) -> str | None:
    return _one(problem) or (None if problem.keypoints else "finds keypoints, but problem.keypoints names none")


def _class(problem: Problem) -> str | None:
    return _one(problem) or (None if problem.classes else "tells classes apart, but problem.classes names none")


def _detections(problem: Problem) -> str | None:
    if problem.several:
        return None
    return "looks for any number of instances; set `several: true` in problem"


NEEDS: dict[str, Callable[[Problem], str | None]] = {
    "box": _one,
    "keypoints": _keypoints,
    "class": _class,
    "detections": _detections,
}
"""Head to why it cannot serve a problem, or nothing."""


def misfit_of(settings: ArchitectureSettings, problem: Problem) -> str | None:
    """Why the network cannot be built for the problem, or nothing."""
    findings = [finding for head in settings.heads if (finding := NEEDS[head](problem))]
    return findings[0] if findings else settings.misfit(problem)
