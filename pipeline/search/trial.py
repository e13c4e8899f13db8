"""One trial where a worker runs it: a short training of proposed settings, which prunes itself."""

import threading
from pathlib import Path
from typing import Annotated, Any, Literal

from filelock import FileLock
from pydantic import Field, ValidationError

from heelstrike.errors import first_line, one_line
from heelstrike.settings import Strict
from pipeline.search.identity import Identity
from pipeline.splits import TRAIN, VAL

_ONE_AT_A_TIME = threading.Lock()  # torch's random numbers belong to the process, and Dask's workers have threads


class Job(Strict):
    """A trial for a worker to run, as data that can be written as JSON.

    Attributes:
        number: Number of the trial.
        plan: Training plan.
        thresholds: Epoch -> the trial is pruned if its best score up to this epoch is above this value.
        prepared: Folder of the prepared arrays.
        images: Largest number of training images. The largest number of validation images is half of it.
        seed: Seed of the choice of images.
        work: Folder for checkpoints of this trial alone.
        root: Repository root, below which the weights lie that `train.init_from` names.
        identity: Code, packages and data of the search; a worker with others does not run the trial.
    """

    number: int
    plan: dict[str, Any]
    thresholds: dict[int, float]
    prepared: Path
    images: int
    seed: int
    work: Path
    root: Path = Path()
    identity: Identity


class Outcome(Strict):
    """The end of a trial.

    Attributes:
        state: `refused` means that the worker has other code, packages or data, so nothing is known about the trial.
        score: Best score; `None` unless the trial is complete.
        scores: Score of each epoch.
        reason: Why the trial failed or was refused; empty otherwise.
    """

    state: Literal["complete", "pruned", "failed", "refused"]
    score: float | None = None
    scores: Annotated[tuple[float, ...], Field(description="of each epoch")] = ()
    reason: str = ""


def run_trial(job: Job) -> Outcome:
    """Run a trial, or go on with it from its last checkpoint, and return how it ended.

    Settings that cannot be trained, a loss that is not finite and a lack of memory are outcomes. Any other exception is
    a fault of the program and is raised.
    """
    if differs := job.identity.differs_from(Identity.here(job.prepared)):
        return Outcome(state="refused", reason=differs)
    job.work.mkdir(parents=True, exist_ok=True)
    # the process of a killed search may live on until its epoch ends
    with _ONE_AT_A_TIME, FileLock(job.work / "lock"):
        return _trained(job)


def _trained(job: Job) -> Outcome:
    import torch

    from pipeline.heads.training import Row
    from pipeline.models.initial_weights import NothingLoadedError
    from pipeline.train.fit import Plan, fit
    from pipeline.train.heads import score_of
    from pipeline.train.module import DivergedError

    torch.set_num_threads(1)
    scores: list[float] = []

    def go_on(row: Row) -> bool:
        scores.append(score_of(row, early=True))
        return not _is_pruned(scores, job.thresholds)

    try:
        plan = Plan.model_validate(job.plan)
        train, val = (_sample(job, plan, split, n) for split, n in ((TRAIN, job.images), (VAL, job.images // 2)))
        fit(plan, train, val, job.work, go_on, job.root)
    except ValidationError as error:
        return Outcome(state="failed", scores=tuple(scores), reason=one_line(error))
    except (DivergedError, NothingLoadedError) as error:
        return Outcome(state="failed", scores=tuple(scores), reason=str(error))
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        return Outcome(state="failed", scores=tuple(scores), reason=f"out of memory: {first_line(str(error))}")
    if _is_pruned(scores, job.thresholds):
        return Outcome(state="pruned", scores=tuple(scores))
    return Outcome(state="complete", score=min(scores), scores=tuple(scores))


def _is_out_of_memory(error: Exception) -> bool:
    """True for Python's and CUDA's errors, and for the one of torch's allocator of CPU memory, which has no type."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _is_pruned(scores: list[float], thresholds: dict[int, float]) -> bool:
    limit = thresholds.get(len(scores) - 1)
    return limit is not None and not min(scores) <= limit


def _sample(job: Job, plan: Any, split: str, count: int) -> Any:
    """Return up to `count` images of a split (`Arrays`), at least one."""
    import numpy as np

    from pipeline.heads.arrays import load_arrays

    arrays = load_arrays(job.prepared / split, plan.problem)
    if len(arrays) <= max(count, 1):
        return arrays
    return arrays.subset(sorted(np.random.default_rng(job.seed).permutation(len(arrays))[: max(count, 1)].tolist()))
