from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.files import write_json
from heelstrike.preprocess.settings import InputSize
from pipeline.augment.settings import AugmentSettings
from pipeline.heads.arrays import Arrays
from pipeline.layout import Layout
from pipeline.models.settings import SpatialSettings
from pipeline.problem import Problem
from pipeline.train.fit import Plan
from pipeline.train.settings import Step, TrainSettings

PROBLEM = Problem(keypoints=("red", "green"), flip_pairs=(), input=InputSize(width=48, height=32))


def make_discs(count: int, seed: int, missing: float = 0.1) -> Arrays:
    """Images (count, 32, 48, 3) with a red and a green disc; some are missing and not labelled."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :48]
    images = rng.integers(60, 120, (count, 32, 48, 3)).astype(np.uint8)
    keypoints = (rng.uniform(0.15, 0.85, (count, 2, 2)) * [48, 32]).astype(np.float32)
    present = rng.uniform(size=(count, 2)) >= missing
    for i in range(count):
        for k in range(2):
            if present[i, k]:
                inside = (x - keypoints[i, k, 0]) ** 2 + (y - keypoints[i, k, 1]) ** 2 <= 3**2
                images[i, inside, k] = 250
    keypoints[~present] = np.nan
    boxes = np.tile(np.array([4, 4, 40, 24], np.float32), (count, 1))
    return Arrays(images, keypoints, np.where(present, 2, 0).astype(np.uint8), boxes)


def make_plan(**train: Any) -> Plan:
    """A small network, no augmentation, in-process reading."""
    settings: dict[str, Any] = {
        "steps": (Step(heads=("box", "keypoints"), epochs=3),),
        "batch_size": 8,
        "lr": 0.01,
        "workers": 0,
        "threads": 1,
    }
    off = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)
    return Plan(
        problem=PROBLEM,
        model=SpatialSettings(name="spatial", width=8, levels=2, dropout=0.1),
        train=TrainSettings(**{**settings, **train}),
        augment=AugmentSettings.model_validate(off),
    )


@pytest.fixture(scope="session")
def train() -> Arrays:
    return make_discs(48, seed=1)


@pytest.fixture(scope="session")
def val() -> Arrays:
    return make_discs(16, seed=2)


@pytest.fixture
def discs() -> Any:
    return make_discs


@pytest.fixture
def plan() -> Any:
    return make_plan


@pytest.fixture
def prepared(tmp_path: Path, train: Arrays, val: Arrays) -> Layout:
    """A repository with prepared arrays, and a test split that cannot be opened."""
    layout = Layout(tmp_path, "discs")
    for split, arrays in (("train", train), ("val", val)):
        folder = layout.out("prepare") / split
        folder.mkdir(parents=True)
        for name in ("images", "keypoints", "visibility", "boxes"):
            np.save(folder / f"{name}.npy", getattr(arrays, name))
    (layout.out("prepare") / "test").write_text("not a folder: opening the test split fails")
    return layout


@pytest.fixture
def write_best() -> Any:
    """Write a plan as the search stage does."""

    def write(layout: Layout, plan: Plan) -> None:
        layout.out("search").mkdir(parents=True)
        write_json(layout.out("search") / "best.json", plan.model_dump(mode="json", exclude={"problem"}))

    return write
