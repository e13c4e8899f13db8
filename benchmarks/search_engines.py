"""What a trial costs besides its training, whether a long study stays linear, and what a second worker brings.

Trials are functions of their settings, which take no time or a stated number of CPU seconds. The study's SQLite file is
written to disk several times a trial, which takes wall time; with TMPDIR=/dev/shm it is in memory.

Example:
    python -m benchmarks.search_engines --trials 10000 --work 0
    python -m benchmarks.search_engines --trials 100 --work 0.5
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from optuna.trial import FrozenTrial
from rich.console import Console

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
    parser.add_argument("--trials", type=int, default=1000, help="length of the study without work")
    parser.add_argument(
        "--work", type=float, default=0.5, help="CPU seconds of a trial with one and two workers; 0: none"
    )
    arguments = parser.parse_args()
    console = Console()
    run(arguments.trials, 2, 0.0, lambda line: console.print(line, highlight=False))
    if arguments.work:
        count = 40
        one, two = (run(count, workers, arguments.work, lambda _: None) for workers in (1, 2))
        work = f"{count} trials of {arguments.work:g} CPU s"
        console.print(f"{work}: one worker {one:.1f} s, two {two:.1f} s, {one / two:.2f} times as fast")


def run(trials: int, workers: int, work_s: float, say: Callable[[str], None]) -> float:
    """Run a study, and say for each tenth of it what a trial took this process.

    Returns:
        Wall time in seconds.
    """
    params = _params(trials)
    cpu, wall, every = time.process_time(), time.perf_counter(), max(1, trials // 10)
    start, count = wall, 0

    def ended(number: int, _: Outcome) -> None:
        nonlocal cpu, wall, count
        count += 1
        if count % every == 0:
            now = time.process_time(), time.perf_counter()
            spent = f"{1000 * (now[0] - cpu) / every:.1f} ms CPU, {1000 * (now[1] - wall) / every:.1f} ms wall a trial"
            say(f"trials {count - every} to {count}: {spent}")
            cpu, wall = now

    before = _workers_cpu_s()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_storage(f"sqlite:///{folder}/study.db") as storage,
        Processes(workers) as executor,
    ):
        proposals, score = Proposals(Space(params), params.search), partial(_score, work_s=work_s)
        study = Study(Record(storage, "study"), proposals, executor, _job, ended, score)
        study.run(trials, params.search.window)
        end = time.perf_counter()
    say(f"its workers: {1000 * (_workers_cpu_s() - before) / trials:.1f} ms CPU a trial, their start included")
    return end - start


def _workers_cpu_s() -> float:
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


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
        if rung.ends(score):
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
