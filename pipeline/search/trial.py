"""One trial where a worker runs it: short trainings of proposed settings, and it prunes itself."""

import os
import socket
import threading
import time
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock
from pydantic import ValidationError

from heelstrike.errors import first_line, one_line
from heelstrike.settings import Strict
from pipeline.search.identity import Identity
from pipeline.search.settings import Objective
from pipeline.splits import TRAIN, VAL

if TYPE_CHECKING:
    from pipeline.heads.arrays import Arrays
    from pipeline.train.fit import Plan

_ONE_AT_A_TIME = threading.Lock()  # torch's random numbers belong to the process, and Dask's workers have threads


class Rung(Strict):
    """One of the trainings of growing length that a trial goes through. Each begins anew.

    Attributes:
        epochs: Epochs.
        share: Share of the trial's images that are used.
        limit: The trial is pruned after this rung if its best score in it is above; `None`: there is no limit.
        closed: True if the trial is pruned after this rung whatever its score is.
    """

    epochs: int
    share: float
    limit: float | None = None
    closed: bool = False

    def ends(self, best: float) -> bool:
        """True if a trial with this best score does not go on to the next rung."""
        return self.closed or (self.limit is not None and not best <= self.limit)


class Job(Strict):
    """A trial for a worker to run, as data that can be written as JSON.

    Attributes:
        number: Number of the trial.
        plan: Training plan.
        rungs: Trainings of this trial, in order.
        prepared: Folder of the prepared arrays.
        images: Largest number of training images in a rung with all of them; half of it for validation images.
        objectives: What is minimised; the objectives besides the error are measured if there are any.
        seed: Seed of the choice of images.
        work: Folder for checkpoints of this trial alone.
        root: Repository root, below which the weights lie that `train.init_from` names.
        identity: Code, packages and data of the search; a worker with others does not run the trial.
    """

    number: int
    plan: dict[str, Any]
    rungs: tuple[Rung, ...]
    prepared: Path
    images: int
    objectives: tuple[Objective, ...] = ("error",)
    seed: int
    work: Path
    root: Path = Path()
    identity: Identity


class Outcome(Strict):
    """The end of a trial.

    Attributes:
        state: `refused` means that the worker has other code, packages or data, so nothing is known about the trial.
        score: Best score in the last rung; `None` unless the trial is complete.
        scores: Score of each epoch, of all rungs.
        rungs: Number of epochs in each rung that the trial went through.
        costs: The objectives besides the error.
        reason: Why the trial failed or was refused; empty otherwise.
        seconds: Time that it took, without that of attempts that were killed.
        worker: The machine and process that ended it.
    """

    state: Literal["complete", "pruned", "failed", "refused"]
    score: float | None = None
    scores: tuple[float, ...] = ()
    rungs: tuple[int, ...] = ()
    costs: tuple[float, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    worker: str = ""

    @property
    def bests(self) -> tuple[float, ...]:
        """Best score in each rung that the trial went through."""
        ends = list(accumulate(self.rungs, initial=0))
        return tuple(min(self.scores[begin:end]) for begin, end in pairwise(ends))


def run_trial(job: Job) -> Outcome:
    """Run a trial, or go on with it from its last checkpoint, and return how it ended.

    Settings that cannot be trained, a loss that is not finite and a lack of memory are outcomes. Any other exception is
    a fault of the program and is raised.
    """
    began = time.monotonic()
    if differs := job.identity.differs_from(Identity.here(job.prepared)):
        return Outcome(state="refused", reason=differs)
    job.work.mkdir(parents=True, exist_ok=True)
    # the process of a killed search may live on until its epoch ends
    with _ONE_AT_A_TIME, FileLock(job.work / "lock"):
        outcome = _trained(job)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    return outcome.model_copy(update={"seconds": round(time.monotonic() - began, 2), "worker": worker})


def _trained(job: Job) -> Outcome:
    import torch

    from pipeline.models.initial_weights import NothingLoadedError
    from pipeline.search.costs import costs
    from pipeline.train.fit import Plan
    from pipeline.train.module import DivergedError

    torch.set_num_threads(1)
    scores: list[float] = []
    ended: list[int] = []

    def failed(reason: str) -> Outcome:
        return Outcome(state="failed", scores=tuple(scores), rungs=tuple(ended), reason=reason)

    try:
        plan = Plan.model_validate(job.plan)
        cost = costs(plan, job.objectives)
        for number, rung in enumerate(job.rungs):
            before = len(scores)
            _train_rung(job, plan, number, scores)
            ended.append(len(scores) - before)
            best = min(scores[before:])
            if rung.ends(best):
                return Outcome(state="pruned", scores=tuple(scores), rungs=tuple(ended), costs=cost)
    except ValidationError as error:
        return failed(one_line(error))
    except (DivergedError, NothingLoadedError) as error:
        return failed(str(error))
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        return failed(f"out of memory: {first_line(str(error))}")
    return Outcome(state="complete", score=best, scores=tuple(scores), rungs=tuple(ended), costs=cost)


def _train_rung(job: Job, plan: "Plan", number: int, scores: list[float]) -> None:
    """Train anew for the epochs of a rung with its images, and append the score of each epoch."""
    from pipeline.heads.training import Row
    from pipeline.train.fit import fit
    from pipeline.train.heads import score_of

    rung = job.rungs[number]
    steps = (plan.train.steps[-1].shortened(rung.epochs),)
    short = plan.model_copy(update={"train": plan.train.model_copy(update={"steps": steps})})

    def note(row: Row) -> bool:
        scores.append(score_of(row, early=True))
        return True

    train, val = (
        _sample(job, plan, split, n, rung.share) for split, n in ((TRAIN, job.images), (VAL, job.images // 2))
    )
    fit(short, train, val, job.work / f"rung-{number}", note, job.root)


def _is_out_of_memory(error: Exception) -> bool:
    """True for Python's and CUDA's errors, and for the one of torch's allocator of CPU memory, which has no type."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _sample(job: Job, plan: "Plan", split: str, count: int, share: float) -> "Arrays":
    """Return a share of up to `count` images of a split, a batch at least; those of a smaller share are among them."""
    import numpy as np

    from pipeline.heads.arrays import load_arrays

    arrays = load_arrays(job.prepared / split, plan.problem)
    most = min(len(arrays), max(count, 1))
    count = min(most, max(round(share * most), plan.train.batch_size))
    if len(arrays) == count:
        return arrays
    return arrays.subset(sorted(np.random.default_rng(job.seed).permutation(len(arrays))[:count].tolist()))
