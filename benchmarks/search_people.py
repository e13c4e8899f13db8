"""The default problem, small, for tables of searches (search_table.py): its rendered people, a network of its search.

People are 64x64 instead of 256x256, and distances in pixels are a quarter of those in params.yaml. The learning rate
reaches further than there, so that there is something to find, and the first trial has the lowest.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.search_section import search_section
from pipeline.collect.stage import run as collect
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.prepare.stage import run as prepare
from pipeline.split.stage import run as split

LR = [float(f"{value:.3g}") for value in np.geomspace(2e-4, 0.1, 7)]
SPACE: dict[str, list[Any]] = {
    "train.lr": LR,
    "train.batch_size": [6, 16],
    "augment.colour": [0.0, 0.6],
}
_SIDE, _SUBJECTS = 64, 76  # four frames each, of which 60 and 30 per cent are for training and validation


def problem(**search: Any) -> ProblemParams:
    """Return the problem."""
    return problem_of(SPACE, **search)


def problem_of(space: dict[str, list[Any]], **search: Any) -> ProblemParams:
    """Return the problem with another space; its batches are in one part, since they are small."""
    section = yaml.safe_load((Path(__file__).parents[1] / "params.yaml").read_text())["rearfoot"]
    section["problem"]["input"] = {"width": _SIDE, "height": _SIDE, "channels": 3}
    section["collect"]["sources"] = [section["collect"]["sources"][0] | {"subjects": _SUBJECTS}]
    section["collect"]["box_buffer_px"] //= 4
    section["split"] |= {"val": 0.3, "test": 0.1}
    section["model"] = section["search"]["architectures"][0]  # `spatial`, the quickest to train
    first = {name: space[f"train.{name}"][0] for name in ("lr", "batch_size")}
    section["train"] |= {**first, "visible_within_px": 1, "parts": 1}
    section["search"] = search_section(space, **search)
    return parse_params({"problems": ["rearfoot"], "rearfoot": section})["rearfoot"]


def write(prepared: Path) -> None:
    """Render the people, and write their arrays."""
    params, layout = problem(), Layout(prepared.parent.resolve(), "rearfoot")
    for stage in (collect, split, prepare):
        stage(params, layout)
    shutil.copytree(layout.out("prepare"), prepared)
