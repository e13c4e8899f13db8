"""One training as the stage and its helping processes run it: from the prepared arrays, with a progress bar."""

from pathlib import Path
from typing import NamedTuple

from heelstrike.progress import progress
from pipeline.heads.arrays import load_arrays
from pipeline.heads.training import Row
from pipeline.splits import TRAINED_ON
from pipeline.train.fit import Fitted, Plan, fit
from pipeline.train.heads import headlines
from pipeline.train.threads import use_threads


class Job(NamedTuple):
    """A training and its folders.

    Attributes:
        problem: The problem's name.
        plan: Settings.
        prepared: Folder of the prepared arrays.
        work: Folder for checkpoints of this plan and data alone.
        root: Repository root.
    """

    problem: str
    plan: Plan
    prepared: Path
    work: Path
    root: Path


def train(job: Job, processes: int = 1) -> Fitted:
    """Train, or go on with an interrupted training, in this process or as one of several processes of this machine.

    Raises:
        UserError: As `pipeline.train.fit.fit` and `load_arrays` say.
    """
    training, validation = (load_arrays(job.prepared / split, job.plan.problem) for split in TRAINED_ON)
    use_threads(job.plan, processes)
    epochs = sum(step.rounds for step in job.plan.train.steps)
    with progress(f"train {job.problem}", epochs) as bar:

        def show(row: Row) -> bool:
            bar.advance(1, **headlines(row))
            bar.record("epoch", {"epoch": bar.done, "row": row})
            return True

        return fit(job.plan, training, validation, job.work, show, job.root)
