"""Tables of labels with planted faults, and the findings of an expectation in them."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.annotations import with_keypoints
from pipeline.problem import Problem
from pipeline.validate.check import Findings
from pipeline.validate.expectations import EXPECTATIONS
from pipeline.validate.labels import LabelArrays
from pipeline.validate.load import labels_of


def find(name: str, table: pd.DataFrame, problem: Problem, **options: Any) -> Findings:
    return EXPECTATIONS[name].model_validate(options).find(labels_of(table, problem))


def places(findings: Findings) -> list[tuple[int | None, str]]:
    return [(item.row, item.keypoint) for item in findings.items]


def still_labels(problem: Problem, xy: np.ndarray, size: tuple[int, int] = (400, 400)) -> LabelArrays:
    """Labels of images without video, of one subject."""
    n = len(xy)
    visible = 2 * np.isfinite(xy).all(-1).astype(int)
    fixed = {
        "instance": 0,
        "video": "",
        "frame": -1,
        "time_s": np.nan,
        "mm_per_px": np.nan,
        "phash": "0" * 16,
        "subject": "one",
    }
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(n)]} | fixed)
    table[["width", "height"]] = size
    table[["file_width", "file_height"]] = size
    table[["box_x", "box_y", "box_w", "box_h"]] = [0.0, 0.0, float(size[0]), float(size[1])]
    return labels_of(with_keypoints(table, problem.keypoints, xy, visible), problem)


def swap_row(table: pd.DataFrame, row: int, pairs: Any) -> None:
    """Swap the labels of each pair of keypoints in one row."""
    for a, b in pairs:
        columns = [f"{name}_{axis}" for name in (a, b) for axis in "xy"]
        table.loc[row, columns] = table.loc[row, columns[2:] + columns[:2]].to_numpy()
