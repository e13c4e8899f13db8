"""Few labels: what settings of a training gain over several seeds, on validation and test images, in millimetres.

    python -m benchmarks.few_labels CHECKOUT cephalometric --rows one ensemble --seeds 1 2 3

CHECKOUT is a repository whose problem is prepared (`dvc repro prepare@cephalometric` with docs/examples/); its pictures
must have a pixel size. A row is a change of the problem's settings; see `ROWS`. `one` is a single network, and the row
`mean` is added to it: the mean of what the networks of all seeds predict. Choose by the validation images, which also
choose the epoch; the test images judge. The networks of a row and seed that are done are not trained again (--work).
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from rich.console import Console
from rich.table import Table

from pipeline.evaluate.judge import predict_split
from pipeline.heads.arrays import load_arrays
from pipeline.layout import Layout
from pipeline.models.network import Network
from pipeline.models.settings import EnsembleSettings
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.scoring.cases import load_truth
from pipeline.splits import TEST, TRAINED_ON, VAL
from pipeline.train.fit import Plan, fit

_WITHIN_MM = 2.0


class Errors(NamedTuple):
    """Predicted minus labelled keypoints of a split, millimetres (N, K, 2), NaN where not labelled; CPU seconds."""

    val: Float[np.ndarray, "N K 2"]
    test: Float[np.ndarray, "N K 2"]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("problem")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=["one", "ensemble"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--work", type=Path, default=Path("few-labels"), help="folder for the networks in training")
    given = parser.parse_args()
    params = problem_in(load_params(given.checkout / "params.yaml"), given.problem)
    layout = Layout(given.checkout, given.problem)
    table = Table("row", "seed", "val mm", "within 2 mm", "test mm", "within 2 mm", "CPU min")
    for row in given.rows:
        measured = {seed: _measure(row, seed, params, layout, given.work / f"{row}-{seed}") for seed in given.seeds}
        for seed, errors in measured.items():
            table.add_row(row, str(seed), *_figures(errors))
        if row == "one" and len(measured) > 1:
            val, test, seconds = zip(*measured.values(), strict=True)
            table.add_row("mean", "all", *_figures(Errors(np.mean(val, 0), np.mean(test, 0), sum(seconds))))
    Console().print(table)


def _measure(row: str, seed: int, params: ProblemParams, layout: Layout, work: Path) -> Errors:
    """Train a row with a seed, on one thread, and predict both splits."""
    torch.set_num_threads(1)
    plan = ROWS[row](params)
    plan = plan.model_copy(update={"train": plan.train.model_copy(update={"seed": seed})})
    prepared = layout.out("prepare")
    train, val = (load_arrays(prepared / split, plan.problem) for split in TRAINED_ON)
    started = time.process_time()
    network = fit(plan, train, val, work).network
    seconds = time.process_time() - started
    return Errors(_away(network, prepared / VAL), _away(network, prepared / TEST), seconds)


def _away(network: Network, folder: Path) -> Float[np.ndarray, "N K 2"]:
    truth = load_truth(folder)
    away = predict_split(network, folder)["keypoints"] - truth.keypoints
    return np.asarray(away / truth.letterbox[:, None, :1] * truth.mm_per_px[:, None, None])


def _figures(errors: Errors) -> list[str]:
    """Mean radial error and share of the keypoints within 2 mm, of both splits, and the CPU minutes."""
    cells = []
    for split in (errors.val, errors.test):
        distances = np.linalg.norm(split, axis=-1)
        distances = distances[np.isfinite(distances)]
        cells += [f"{distances.mean():.3f}", f"{100 * (distances <= _WITHIN_MM).mean():.1f} %"]
    return [*cells, f"{errors.seconds / 60:.1f}"]


def _plan(params: ProblemParams) -> Plan:
    return Plan(problem=params.problem, model=params.model, train=params.train, augment=params.augment)


def _one(params: ProblemParams) -> Plan:
    """A single network: a member if the problem's network is an ensemble."""
    model = params.model.of if isinstance(params.model, EnsembleSettings) else params.model
    return _plan(params).model_copy(update={"model": model})


def _ensemble(params: ProblemParams) -> Plan:
    """Three such networks in one."""
    plan = _one(params)
    return plan.model_copy(update={"model": EnsembleSettings(name="ensemble", of=plan.model)})


def _strong(params: ProblemParams) -> Plan:
    """A single network; every image is moved and most are changed in brightness, further than by default."""
    changes = {"zoom": 1.0, "tilt": 1.0, "shift": 1.0, "colour": 0.9, "noise": 0.3}
    ranges = {"zoom_range": (0.75, 1.3), "tilt_degrees": 15.0, "shift_fraction": 0.1, "colour_fraction": 0.4}
    plan = _one(params)
    return plan.model_copy(update={"augment": plan.augment.model_copy(update=changes | ranges)})


ROWS: dict[str, Callable[[ProblemParams], Plan]] = {"one": _one, "ensemble": _ensemble, "strong": _strong}

if __name__ == "__main__":
    main()
