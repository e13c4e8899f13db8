"""A small data set as `split` leaves it, and a grid over it."""

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from heelstrike.files import write_json
from pipeline.annotations import write_table
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.split.coco import coco

SECTION: dict[str, Any] = {
    "problem": {"keypoints": ["red", "green"], "input": {"width": 48, "height": 32}},
    "collect": {"sources": [{"kind": "csv"}], "box_buffer_px": 4},
    "model": {"name": "spatial", "width": 4, "levels": 2},
    "train": {"steps": [{"heads": ["box", "keypoints"], "epochs": 4}], "batch_size": 8, "threads": 1},
    "evaluate": {"bootstrap": 100},
}
GRID: dict[str, Any] = {
    "name": "toy",
    "title": "A toy study",
    "tables": {
        "points": {
            "title": "Keypoints",
            "rank_by": "rmse",
            "metrics": {
                "mse": {"of": "keypoints.mse_px2", "title": "MSE"},
                "rmse": {"of": "keypoints.image_rmse_px", "title": "RMSE"},
            },
        }
    },
    "bases": {
        "head": {
            "settings": {"model": {"name": "multihead", "hidden": 8, "backbone": {"name": "stack", "channels": [4, 8]}}}
        }
    },
    "rows": [
        {"name": "a", "table": "points", "what": "maps", "published": {"mse": 9.0, "rmse": 2.5}},
        {"name": "b", "table": "points", "base": "head", "published": {"mse": 16.0, "rmse": 3.5}},
        {
            "name": "c",
            "table": "points",
            "base": "b",
            "settings": {"model": {"dropout": 0.5}},
            "published": {"rmse": 4},
        },
    ],
}


@pytest.fixture
def params() -> ProblemParams:
    return parse_params({"problems": ["discs"], "discs": SECTION})["discs"]


@pytest.fixture
def layout(tmp_path: Path, params: ProblemParams, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """Images of a red and a green disc: 16 train, 8 validate, 8 test; two people in each split, two tones."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    made = Layout(tmp_path, "discs")
    rng, rows = np.random.default_rng(1), []
    for number in range(32):
        image = rng.integers(60, 120, (64, 96, 3)).astype(np.uint8)
        points = rng.uniform([12, 12], [84, 52], (2, 2))
        for channel, (x, y) in zip((2, 1), points, strict=True):  # OpenCV writes BGR
            colour = [0, 0, 0]
            colour[channel] = 250
            cv2.circle(image, (round(x), round(y)), 6, colour, -1)
        name = f"images/{number:02d}.png"
        (made.out("collect") / "images").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(made.out("collect") / name), image)
        rows.append(_row(number, name, points))
    table = pd.DataFrame(rows)
    write_table(table, made.out("collect") / "annotations.parquet", params.problem.keypoints)
    for split, part in (("train", slice(0, 16)), ("val", slice(16, 24)), ("test", slice(24, 32))):
        write_json(made.out("split") / f"{split}.json", coco(table.iloc[part], params.problem))
    return made


def _row(number: int, name: str, points: np.ndarray) -> dict[str, Any]:
    about = {"image": name, "instance": 0, "subject": f"s{number // 4}", "video": "", "frame": -1, "time_s": np.nan}
    where = {"width": 96, "height": 64, "box_x": 1.0, "box_y": 1.0, "box_w": 90.0, "box_h": 60.0}
    other = {
        "mm_per_px": np.nan,
        "phash": f"{number:016x}",
        "source": "t",
        "slice_tone": "dark" if number // 4 % 2 else "light",
    }
    labels = {
        f"{k}_{axis}": p
        for k, point in zip(("red", "green"), points, strict=True)
        for axis, p in zip("xy", point, strict=True)
    }
    return (
        about | where | other | labels | {"red_v": 2, "green_v": 2, "image_id": number + 1, "annotation_id": number + 1}
    )


@pytest.fixture
def grid(tmp_path: Path) -> Any:
    """Write a grid, the toy one with these changes, and give its path."""

    def write(**changes: Any) -> str:
        path = tmp_path / "toy.yaml"
        path.write_text(yaml.safe_dump({**GRID, **changes}, sort_keys=False))
        return str(path)

    return write
