"""What a trial costs besides its training, whether a long study stays linear, and what a second worker brings.

Trials are functions of their settings, which take no time or a stated number of CPU seconds.

Example:
    python -m benchmarks.search_engines --trials 500 1000 2000 --work 0.5
"""

import argparse
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

from optuna.trial import FrozenTrial
from rich.console import Console
from rich.table import Table

from pipeline.executors.processes import Processes
from pipeline.params import ProblemParams, parse_params
from pipeline.search.identity import Identity
from pipeline.search.proposals import Proposals
from pipeline.search.record import Record, open_storage
from pipeline.search.space import Space
from pipeline.search.study import Study
from pipeline.search.trial import Job, Outcome, Rung

_EPOCHS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[500, 1000, 2000], help="lengths of studies")
    parser.add_argument("--work", type=float, default=0.5, help="CPU seconds of a trial in the comparison of workers")
    arguments = parser.parse_args()
    console = Console()
    table = Table("trials", "wall s", "CPU ms a trial", box=None)
    for trials in arguments.trials:
        wall, cpu = run(trials, 2, 0.0)
        table.add_row(str(trials), f"{wall:.1f}", f"{1000 * cpu / trials:.1f}")
    console.print(table)
    count = 40
    one, two = (run(count, workers, arguments.work)[0] for workers in (1, 2))
    work = f"{count} trials of {arguments.work:g} CPU s"
    console.print(f"{work}: one worker {one:.1f} s, two {two:.1f} s, {one / two:.2f} times as fast")


def run(trials: int, workers: int, work_s: float) -> tuple[float, float]:
    """Return wall time and CPU time of this process and its workers, seconds."""
    params = _params(trials)
    before, start = _cpu_s(), time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_storage(f"sqlite:///{folder}/study.db") as storage,
        Processes(workers) as executor,
    ):
        proposals, score = Proposals(Space(params), params.search), partial(_score, work_s=work_s)
        study = Study(Record(storage, "study"), proposals, executor, _job, lambda *_: None, score)
        study.run(trials, params.search.window)
    return time.perf_counter() - start, _cpu_s() - before


def _cpu_s() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _job(trial: FrozenTrial, number: int, rungs: tuple[Rung, ...]) -> Job:
    return Job(
        number=number,
        plan=dict(trial.params),
        rungs=rungs,
        prepared=Path(),
        images=1,
        seed=1,
        work=Path(),
        identity=Identity(code="", packages="", data=""),
    )


def _score(job: Job, work_s: float) -> Outcome:
    end = time.process_time() + work_s
    while time.process_time() < end:
        pass
    score = abs(job.plan["train.lr"] - 0.003)
    rungs: list[int] = []
    for rung in job.rungs:
        rungs.append(rung.epochs)
        if rung.limit is not None and score > rung.limit:
            return Outcome(state="pruned", scores=(score,) * sum(rungs), rungs=tuple(rungs))
    return Outcome(state="complete", score=score, scores=(score,) * sum(rungs), rungs=tuple(rungs))


def _params(trials: int) -> ProblemParams:
    rooms = ("validate", "split", "prepare", "evaluate", "package", "gates", "augment")
    section = {
        "problem": {"keypoints": ["disc"], "input": {"width": 32, "height": 32}},
        "collect": {"sources": [{"kind": "csv"}]},
        **{name: {} for name in rooms},
        "measure": None,
        "model": {"name": "spatial"},
        "train": {"steps": [{"heads": ["box", "keypoints"], "epochs": 1}]},
        "search": {
            "trials": trials,
            "epochs": _EPOCHS,
            "space": {
                "train.lr": {"low": 1e-4, "high": 0.05, "log": True},
                "model.dropout": {"choose": [0.0, 0.3]},
            },
        },
    }
    return parse_params({"problems": ["disc"], "disc": section})["disc"]


if __name__ == "__main__":
    main()
