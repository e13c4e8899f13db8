"""Search and training against training alone for as much CPU time: the error on people whom neither has seen.

The default problem, rendered smaller, with the settings and the space of params.yaml. The images of a trial are as
large a part of the training images as in the default job, so that the search takes as large a part of the time. In each
repeat the search and the training of what it chose are timed; then the settings of params.yaml are trained for as many
epochs as fit into the same CPU time. Seeds of search and training differ from repeat to repeat, the data do not. A
killed run goes on.

Example:
    python -m benchmarks.search_or_train --out /tmp/search-or-train --repeats 5
"""

import argparse
import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
import yaml
from rich.console import Console

from pipeline.collect.stage import run as collect
from pipeline.executors.base import Argument, Executor, Result
from pipeline.heads.arrays import load_arrays
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.prepare.stage import run as prepare
from pipeline.search.choose import choose
from pipeline.search.identity import Identity
from pipeline.search.proposals import Proposals
from pipeline.search.record import Record, open_storage
from pipeline.search.space import Space
from pipeline.search.stage import make_jobs
from pipeline.search.study import Study
from pipeline.split.stage import run as split
from pipeline.train.data import fixed_loader
from pipeline.train.fit import Plan, fit
from pipeline.train.heads import Validation, predict

ROOT = Path(__file__).parents[1]


class Here(Executor):
    """Runs trials in this process, whose CPU time is measured."""

    workers = 1

    def submit(self, function: Callable[[Argument], Result], argument: Argument) -> "Future[Result]":
        """Run the call at once."""
        future: Future[Result] = Future()
        future.set_result(function(argument))
        return future

    def close(self) -> None:
        """Nothing was started."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the data and of the repeats that are done")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--side", type=int, default=128, help="side of the images, pixels")
    parser.add_argument("--subjects", type=int, default=300, help="rendered people; half of them are the test split")
    parser.add_argument("--epochs", type=int, default=27, help="epochs of the training after the search")
    parser.add_argument("--images", type=int, default=96, help="training images of a trial")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    arguments.out.mkdir(parents=True, exist_ok=True)
    layout, console = Layout(arguments.out.resolve(), "rearfoot"), Console()
    if not layout.out("prepare").exists():
        for stage in (collect, split, prepare):
            stage(_params(arguments, 1), layout)
    rows = [_repeat(arguments, layout, seed) for seed in range(1, arguments.repeats + 1)]
    for row in rows:
        console.print(row, highlight=False)
    gains = np.array([row["trained_px"] / row["searched_px"] for row in rows])
    rng = np.random.default_rng(0)
    low, high = np.quantile(np.exp(np.log(rng.choice(gains, (2000, len(gains)))).mean(1)), [0.025, 0.975])
    console.print(
        f"error without search / with: {np.exp(np.log(gains).mean()):.2f} ({low:.2f} to {high:.2f}); "
        f"the search was better in {(gains > 1).sum()} of {len(gains)}"
    )


def _repeat(arguments: argparse.Namespace, layout: Layout, seed: int) -> dict[str, Any]:
    """Search and train, and train alone for as long; return errors on the test split and CPU times in seconds."""
    file = arguments.out / f"repeat-{seed}.json"
    if file.exists():
        row: dict[str, Any] = json.loads(file.read_text())
        return row
    params = _params(arguments, seed)
    space, begin = Space(params), time.process_time()
    best = _search(params, space, layout, arguments.out / "search")
    searched = time.process_time() - begin
    error, trained = _train(params, layout, space.sections(best), arguments.epochs, arguments.out)
    _, short = _train(params, layout, space.sections({}), 2, arguments.out)
    _, longer = _train(params, layout, space.sections({}), 5, arguments.out)
    epoch = (longer - short) / 3
    epochs = max(1, round((searched + trained - short + 2 * epoch) / epoch))
    alone, cpu = _train(params, layout, space.sections({}), epochs, arguments.out)
    row = {
        "seed": seed,
        "chosen": {path: value for path, value in best.items() if value != space.given().params.get(path)},
        "searched_px": error,
        "trained_px": alone,
        "search_cpu_s": searched,
        "both_cpu_s": searched + trained,
        "alone_cpu_s": cpu,
        "alone_epochs": epochs,
    }
    file.write_text(json.dumps(row))
    return row


def _search(params: ProblemParams, space: Space, layout: Layout, work: Path) -> dict[str, Any]:
    """Return the values that a study chooses."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with open_storage(f"sqlite:///{work.resolve()}/study.db") as storage, Here() as executor:
        job = make_jobs(params, space, layout, work, Identity.here(layout.out("prepare")))
        study = Study(Record(storage, "study"), Proposals(space, params.search), executor, job, lambda *_: None)
        trials = study.run(params.search.trials, params.search.window)
    return dict(choose(trials, params.search).params)


def _train(
    params: ProblemParams, layout: Layout, sections: dict[str, Any], epochs: int, out: Path
) -> tuple[float, float]:
    """Train with these settings; return the RMSE on the test split in pixels, and the CPU time of the training."""
    begin, work = time.process_time(), out / "train"
    shutil.rmtree(work, ignore_errors=True)
    plan = Plan.model_validate({"problem": params.problem.model_dump(mode="json"), **sections})
    step = plan.train.steps[-1].shortened(epochs)
    plan = plan.model_copy(update={"train": plan.train.model_copy(update={"steps": (step,), "workers": 0})})
    train, val, test = (load_arrays(layout.out("prepare") / name, plan.problem) for name in ("train", "val", "test"))
    fitted = fit(plan, train, val, work)
    spent, errors = time.process_time() - begin, Validation(fitted.network)
    for batch in fixed_loader(test, 16):
        errors.add(batch, predict(fitted.network, batch.pixels))
    return errors.figures()["val_rmse_px"], spent


def _params(arguments: argparse.Namespace, seed: int) -> ProblemParams:
    """Return the default problem with smaller images and fewer people."""
    given = yaml.safe_load((ROOT / "params.yaml").read_text())
    section = given["rearfoot"]
    section["problem"]["input"] = {"width": arguments.side, "height": arguments.side, "channels": 3}
    section["collect"]["sources"] = [section["collect"]["sources"][0] | {"subjects": arguments.subjects}]
    section["split"] |= {"val": 0.15, "test": 0.5}
    section["search"]["images"] = arguments.images
    section["search"]["seed"] = section["train"]["seed"] = seed
    return parse_params({"problems": ["rearfoot"], "rearfoot": section})["rearfoot"]


if __name__ == "__main__":
    main()
