"""A toy problem for tables of searches (benchmarks/search_table.py): the red disc among discs of other colours."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_section import search_section
from pipeline.params import ProblemParams, parse_params

LR = [float(f"{value:.3g}") for value in np.geomspace(2e-4, 0.1, 10)]
SPACE: dict[str, list[Any]] = {
    "train.lr": LR,
    "train.batch_size": [8, 32],
    "model.codec": ["dsnt", "softmax"],
    "model.dropout": [0.0, 0.3],
}
_SIZE = 32


def problem(**search: Any) -> ProblemParams:
    """Return the problem."""
    off = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)
    section = {
        "problem": {"keypoints": ["disc"], "input": {"width": _SIZE, "height": _SIZE}},
        "collect": {"sources": [{"kind": "csv"}]},
        "augment": off,
        **{name: {} for name in ("validate", "split", "prepare", "evaluate", "package", "gates")},
        "measure": None,
        "model": {"name": "spatial", "width": 8, "levels": 3, "codec": "softmax"},
        "train": {"steps": [{"heads": ["box", "keypoints"], "epochs": 9}], "batch_size": 8, "lr": LR[0]},
        "search": search_section(SPACE, **search),
    }
    return parse_params({"problems": ["disc"], "disc": section})["disc"]


def write(prepared: Path) -> None:
    """Write arrays of discs, of which the red one is to be found."""
    y, x = np.mgrid[:_SIZE, :_SIZE]
    for split, count in (("train", 180), ("val", 90)):
        rng = np.random.default_rng(count)
        images = rng.integers(40, 140, (count, _SIZE, _SIZE, 3)).astype(np.uint8)
        keypoints = rng.uniform(4, _SIZE - 4, (count, 1, 2)).astype(np.float32)
        for image, (point,) in zip(images, keypoints, strict=True):
            discs = [(rng.uniform(4, _SIZE - 4, 2), rng.integers(60, 220, 3) * [0.4, 1, 1]) for _ in range(4)]
            for centre, colour in [*discs, (point, np.array([220, 70, 70]))]:
                image[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= 8] = colour
        folder = prepared / split
        folder.mkdir(parents=True)
        np.save(folder / "images.npy", images)
        np.save(folder / "keypoints.npy", keypoints)
        np.save(folder / "visibility.npy", np.full((count, 1), 2, np.uint8))
        np.save(folder / "boxes.npy", np.tile(np.array([2, 2, _SIZE - 4, _SIZE - 4], np.float32), (count, 1)))
