"""The queue of a service: which frames of the evaluations that a user may see deserve a label."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from heelstrike.serve.accounts import User
from heelstrike.serve.label.criteria import View
from heelstrike.serve.label.queue import Footage, choose
from heelstrike.serve.label.signals import signals_of
from heelstrike.serve.label.targets import Result, labelled_results
from heelstrike.serve.records import Record
from heelstrike.serve.service import Service

COUNT, SHARE, SEED = 40, 0.2, 1
"""Length of the queue, share that is drawn at random, and seed of the draw, by default."""


class Item(Record):
    """A frame to label."""

    evaluation: str
    evaluation_name: str
    job: Annotated[str, Field(description="the job whose points are the start")]
    file: str
    frame: int
    by: Annotated[str, Field(description="radius, doubts, jumps, disagreement or random")]
    reasons: Annotated[tuple[str, ...], Field(description="why it deserves a label, for a person")]


class Queue(Record):
    """Frames to label, the first one first."""

    problem: str
    frames: Annotated[int, Field(description="frames that could be labelled, of all evaluations")]
    labelled: Annotated[int, Field(description="frames that have a label")]
    compared: Annotated[bool, Field(description="true if two models have measured a file, so that they may disagree")]
    items: tuple[Item, ...]


def problems_of(results: Iterable[Result]) -> list[str]:
    """Return the problems that have results to label, sorted."""
    return sorted({result.target.problem for result in results})


def queue_of(service: Service, user: User, problem: str, count: int, share: float, seed: int) -> Queue:
    """Return the queue of a problem.

    Args:
        service: The service.
        user: Who asks; only what this user may see is in the queue.
        problem: Name of the problem.
        count: Length of the queue.
        share: Share that is drawn at random.
        seed: Seed of the draw.
    """
    pairs = _latest(result for result in labelled_results(service, user) if result.target.problem == problem)
    footage = [_footage(service, result, second) for result, second in pairs]
    items = [
        Item(
            evaluation=pairs[chosen.footage][0].evaluation.id,
            evaluation_name=pairs[chosen.footage][0].evaluation.name,
            job=pairs[chosen.footage][0].job.id,
            file=pairs[chosen.footage][0].target.file,
            frame=chosen.frame,
            by=chosen.by,
            reasons=chosen.reasons,
        )
        for chosen in choose(footage, count, share, seed)
    ]
    return Queue(
        problem=problem,
        frames=sum(one.frames for one in footage),
        labelled=sum(len(one.labelled) for one in footage),
        compared=any(second is not None for _, second in pairs),
        items=tuple(items),
    )


def _latest(results: Iterable[Result]) -> list[tuple[Result, Result | None]]:
    """Return the latest result of each file, and the latest of another package if there is one."""
    by_file = defaultdict[tuple[str, str], list[Result]](list)
    for result in results:
        by_file[result.evaluation.id, result.target.file].append(result)
    pairs = []
    for found in by_file.values():
        *earlier, last = found
        others = [r for r in earlier if r.job.package != last.job.package and r.frames == last.frames]
        pairs.append((last, others[-1] if others else None))
    return pairs


def _footage(service: Service, result: Result, second: Result | None) -> Footage:
    target = result.target
    view = View(
        target.keypoints,
        math.hypot(target.width, target.height),
        signals_of(result.path, target.keypoints, result.frames),
        result.about["confidence_threshold"],
        result.job.reference or result.job.model,
        signals_of(second.path, target.keypoints, second.frames) if second else None,
        (second.job.reference or second.job.model) if second else "",
    )
    labels = service.labels.get(result.evaluation.id, target)
    labelled = frozenset(frame for frame, said in labels.frames.items() if said.label is not None)
    return Footage(f"{result.evaluation.id}/{target.file}", view, labelled)
