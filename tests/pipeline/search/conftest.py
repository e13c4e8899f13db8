from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params

OFF = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)


def make_section(**search: Any) -> dict[str, Any]:
    """params.yaml of a small problem: find a red disc."""
    return {
        "problems": ["disc"],
        "disc": {
            "problem": {"keypoints": ["disc"], "input": {"width": 32, "height": 32}},
            "collect": {"sources": [{"kind": "csv"}]},
            "augment": OFF,
            **{name: {} for name in ("validate", "split", "prepare", "evaluate", "package", "gates")},
            "measure": None,
            "model": {"name": "spatial", "width": 4, "levels": 2},
            "train": {"steps": [{"heads": ["box", "keypoints"], "epochs": 9}], "batch_size": 8, "lr": 0.01},
            "search": {
                "trials": 8,
                "epochs": 3,
                "images": 24,
                "startup": 2,
                "architectures": [
                    {"name": "multihead", "backbone": {"name": "stack", "channels": [4, 8]}, "hidden": 8}
                ],
                "space": {
                    "train.lr": {"low": 1e-7, "high": 0.05, "log": True},
                    "model.dropout": {"choose": [0.0, 0.3]},
                    "model.codec": {"choose": ["dsnt", "softmax"]},
                },
                **search,
            },
        },
    }


@pytest.fixture
def section() -> Any:
    return make_section


@pytest.fixture
def params() -> Any:
    def parse(**search: Any) -> ProblemParams:
        return parse_params(make_section(**search))["disc"]

    return parse


@pytest.fixture
def prepared(tmp_path: Path) -> Layout:
    """A repository with arrays of discs, and a test split that cannot be opened."""
    layout = Layout(tmp_path, "disc")
    y, x = np.mgrid[:32, :32]
    for split, count in (("train", 40), ("val", 16)):
        rng = np.random.default_rng(count)
        images = rng.integers(60, 120, (count, 32, 32, 3)).astype(np.uint8)
        keypoints = rng.uniform(5, 27, (count, 1, 2)).astype(np.float32)
        for image, (point,) in zip(images, keypoints, strict=True):
            image[(x - point[0]) ** 2 + (y - point[1]) ** 2 <= 9, 0] = 250
        folder = layout.out("prepare") / split
        folder.mkdir(parents=True)
        np.save(folder / "images.npy", images)
        np.save(folder / "keypoints.npy", keypoints)
        np.save(folder / "visibility.npy", np.full((count, 1), 2, np.uint8))
        np.save(folder / "boxes.npy", np.tile(np.array([2, 2, 28, 28], np.float32), (count, 1)))
    (layout.out("prepare") / "test").write_text("not a folder: opening the test split fails")
    return layout
