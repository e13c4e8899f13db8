"""One row of a grid: training, evaluation on the test split, and the result as a JSON file with its digest."""

import json
import platform
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from heelstrike.cores import cores
from heelstrike.errors import UserError
from heelstrike.files import folder_aside, json_digest, write_json
from heelstrike.progress import progress
from pipeline.annotations import SLICE_PREFIX
from pipeline.evaluate.judge import Judged, judge
from pipeline.evaluate.summary import to_json
from pipeline.grid.data import prepared
from pipeline.grid.mean_label import judge_mean_label
from pipeline.grid.rows import Planned
from pipeline.heads.arrays import Arrays, load_arrays
from pipeline.layout import Layout
from pipeline.models.build import SETTINGS, WEIGHTS, save_weights
from pipeline.splits import TRAIN, VAL
from pipeline.train.fit import Fitted, Plan, fit
from pipeline.train.heads import headlines
from pipeline.train.module import Row as History
from pipeline.train.start import describe_start
from pipeline.train.threads import use_threads


@dataclass(frozen=True)
class Scale:
    """Size of a run relative to the full settings.

    Attributes:
        budget: Share of epochs and iterations.
        images: Largest number of training images; 0 for all. The largest number of validation images is half of it.
        epochs: Epochs of every row, instead of the budget's share of its own; 0: by the budget.
    """

    budget: float = 1.0
    images: int = 0
    epochs: int = 0


def row_digest(planned: Planned, scale: Scale, data: str) -> str:
    """Return the digest of everything a row's result depends on."""
    parts = {"problem", "collect", "prepare", "augment", "model", "train", "evaluate", "measure"}
    settings = planned.params.model_dump(mode="json", include=parts)
    if settings["train"]["init_from"] is None:
        del settings["train"]["init_from"]  # so that results from before this setting existed stay valid
    settings["collect"] = {"box_buffer_px": settings["collect"]["box_buffer_px"]}  # `data` covers the sources
    return json_digest([settings, planned.row.train_on, scale.images, data])


def run_row(planned: Planned, scale: Scale, layout: Layout, data: str, out: Path) -> dict[str, Any]:
    """Train and evaluate a row, or resume an interrupted call.

    Args:
        planned: The row.
        scale: Size of the run.
        layout: The repository.
        data: Digest from `data_digest`.
        out: Folder for weights, settings, history and the table of test images.

    Returns:
        Content of the result file, without the row's name and digest.
    """
    params, started = planned.params, time.monotonic()
    variant = prepared(params, layout, data)
    plan = Plan(problem=params.problem, model=params.model, train=params.train, augment=params.augment)
    folder = variant.out("prepare")
    train_folder, val_folder = folder / TRAIN, folder / VAL
    train = _training_images(load_arrays(train_folder, plan.problem), train_folder, planned.row.train_on, scale.images)
    val = _sample(load_arrays(val_folder, plan.problem), scale.images // 2)
    work = layout.work("grid", "rows") / row_digest(planned, scale, data)[:16]
    use_threads(plan)
    with progress("train", sum(step.rounds for step in plan.train.steps)) as bar:

        def show(row: History) -> bool:
            bar.advance(1, **headlines(row))
            return True

        fitted = fit(plan, train, val, work, show, layout.root)
    trained = time.monotonic() - started
    judged = judge(fitted.network, params, variant)
    _add_image_means(judged)
    _write(fitted, plan, judged.images, out)
    shutil.rmtree(work)
    return {
        "state": "finished",
        "metrics": to_json(judged.metrics),
        "mean_label": to_json(judge_mean_label(train, judged, params)),
        "epochs": len(fitted.history),
        "parameters": sum(p.numel() for p in fitted.network.parameters()),
        "train_images": len(train),
        "train_seconds": round(trained, 1),  # without the time of an earlier, interrupted call
        **({"started_from": describe_start(plan.train, fitted.pretrained)} if fitted.pretrained else {}),
    }


def _add_image_means(judged: Judged) -> None:
    """Add what only published tables have: the mean over images of each image's RMSE, in input pixels.

    Published tables hold this mean of roots: their RMSE is below the root of their MSE.
    """
    for scores in judged.heads:
        for group, numbers in scores.published().items():
            judged.metrics[group] |= numbers


def _training_images(arrays: Arrays, folder: Path, train_on: dict[str, tuple[str, ...]], count: int) -> Arrays:
    """Return the training images of the slices in `train_on`, at most `count` of them (0 for all)."""
    if train_on:
        index = pd.read_parquet(folder / "index.parquet")
        keep = np.ones(len(index), bool)
        for name, values in train_on.items():
            column = f"{SLICE_PREFIX}{name}"
            if column not in index:
                raise UserError(f"train_on names {name!r}, which is not a slice of the data")
            keep &= index[column].isin(values).to_numpy()
        if not keep.any():
            raise UserError(f"train_on {train_on} leaves no training image")
        arrays = arrays.subset(np.flatnonzero(keep).tolist())
    return _sample(arrays, count)


def _sample(arrays: Arrays, count: int) -> Arrays:
    if not count or len(arrays) <= count:
        return arrays
    return arrays.subset(sorted(np.random.default_rng(1).permutation(len(arrays))[:count].tolist()))


def _write(fitted: Fitted, plan: Plan, images: pd.DataFrame, out: Path) -> None:
    with folder_aside(out) as folder:
        save_weights(fitted.network, folder / WEIGHTS)
        write_json(folder / SETTINGS, plan.model_dump(mode="json"))
        pd.DataFrame(fitted.history).to_csv(folder / "history.csv", index=False)
        images.to_parquet(folder / "per_image.parquet", index=False)


def machine() -> str:
    """Describe the machine, to which durations relate: the accelerator, or the processor and its cores."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:  # not on Linux
        pass
    count = cores()
    return f"{name}, {count} core{'s' if count != 1 else ''}"


def read_result(path: Path) -> dict[str, Any] | None:
    """Read a row's result file; `None` if it does not exist or cannot be read."""
    try:
        result: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return result
