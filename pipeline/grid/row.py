"""One row of a grid: trained, judged on the test split, its result a JSON file that says what it is of."""

import json
import os
import platform
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from heelstrike.errors import UserError
from heelstrike.files import folder_aside, json_digest, write_json
from heelstrike.progress import progress
from pipeline.evaluate.judge import Judged, judge
from pipeline.evaluate.summary import to_json
from pipeline.grid.data import prepared
from pipeline.grid.rows import Planned
from pipeline.heads.arrays import Arrays, load_arrays
from pipeline.layout import Layout
from pipeline.models.build import SETTINGS, WEIGHTS, save_weights
from pipeline.train.fit import Fitted, Plan, fit
from pipeline.train.heads import headlines
from pipeline.train.module import Row as History
from pipeline.train.start import told_start


@dataclass(frozen=True)
class Scale:
    """How much smaller than the full thing a run is.

    Attributes:
        budget: Share of epochs and iterations.
        images: Training images at most; 0 for all. Validation gets half as many.
    """

    budget: float = 1.0
    images: int = 0


def row_digest(planned: Planned, scale: Scale, data: str) -> str:
    """Digest of everything a row's result depends on: another one means another result."""
    parts = {"problem", "collect", "prepare", "augment", "model", "train", "evaluate", "measure"}
    settings = planned.params.model_dump(mode="json", include=parts)
    if settings["train"]["init_from"] is None:
        del settings["train"]["init_from"]  # results of before there was such a setting stand
    settings["collect"] = {"box_buffer_px": settings["collect"]["box_buffer_px"]}  # its sources are in the data
    return json_digest([settings, planned.row.train_on, scale.images, data])


def run_row(planned: Planned, scale: Scale, layout: Layout, data: str, out: Path) -> dict[str, Any]:
    """Train and judge a row; go on where an earlier call was interrupted.

    Args:
        planned: The row.
        scale: Of the run.
        layout: The repository.
        data: From `data_digest`.
        out: Folder for weights, settings, history and the table of test images.

    Returns:
        What its result file holds beside the row's name and digest.
    """
    params, started = planned.params, time.monotonic()
    variant = prepared(params, layout, data)
    plan = Plan(problem=params.problem, model=params.model, train=params.train, augment=params.augment)
    folder = variant.out("prepare")
    train = _chosen(load_arrays(folder / "train", plan.problem), folder / "train", planned.row.train_on, scale.images)
    val = _some(load_arrays(folder / "val", plan.problem), scale.images // 2)
    work = layout.work("grid", "rows") / row_digest(planned, scale, data)[:16]
    if plan.train.threads:
        torch.set_num_threads(plan.train.threads)
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
        "epochs": len(fitted.history),
        "parameters": sum(p.numel() for p in fitted.network.parameters()),
        "train_images": len(train),
        "train_seconds": round(trained, 1),  # of this call alone, when an earlier one was interrupted
        **({"started_from": told_start(plan.train, fitted.taken)} if fitted.taken else {}),
    }


def _add_image_means(judged: Judged) -> None:
    """Add what only published tables have: the mean over images of each image's RMSE, in input pixels.

    Published tables give such a mean of roots, as their RMSE, which is below the root of their MSE, shows.
    """
    for scores in judged.heads:
        for group, numbers in scores.published().items():
            judged.metrics[group] |= numbers


def _chosen(arrays: Arrays, folder: Path, train_on: dict[str, tuple[str, ...]], most: int) -> Arrays:
    """Training images of the slices that the row asks for, at most so many of them."""
    if train_on:
        index = pd.read_parquet(folder / "index.parquet")
        keep = np.ones(len(index), bool)
        for name, values in train_on.items():
            column = f"slice_{name}"
            if column not in index:
                raise UserError(f"train_on names {name!r}, which is no slice of the data")
            keep &= index[column].isin(values).to_numpy()
        if not keep.any():
            raise UserError(f"train_on {train_on} leaves no training image")
        arrays = arrays.subset(np.flatnonzero(keep).tolist())
    return _some(arrays, most)


def _some(arrays: Arrays, most: int) -> Arrays:
    if not most or len(arrays) <= most:
        return arrays
    return arrays.subset(sorted(np.random.default_rng(1).permutation(len(arrays))[:most].tolist()))


def _write(fitted: Fitted, plan: Plan, images: pd.DataFrame, out: Path) -> None:
    with folder_aside(out) as folder:
        save_weights(fitted.network, folder / WEIGHTS)
        write_json(folder / SETTINGS, plan.model_dump(mode="json"))
        pd.DataFrame(fitted.history).to_csv(folder / "history.csv", index=False)
        images.to_parquet(folder / "per_image.parquet", index=False)


def machine() -> str:
    """What a reader must know of the machine to judge a time: accelerator or processor, and cores."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:  # no Linux
        pass
    return f"{name}, {os.cpu_count()} cores"


def read_result(path: Path) -> dict[str, Any] | None:
    """A row's result file; None where there is none, or none that can be read."""
    try:
        result: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return result
