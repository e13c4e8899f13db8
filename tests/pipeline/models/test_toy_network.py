"""A network is one file with a settings class that names it, and one line in the registry."""

import math
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from heelstrike.preprocess.settings import InputSize
from pipeline.heads.arrays import Arrays
from pipeline.models.blocks import normalised
from pipeline.models.build import SETTINGS, WEIGHTS, load_trained, save_weights
from pipeline.models.codecs import Coordinates, Grid
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import ARCHITECTURES
from pipeline.models.settings.base import ArchitectureSettings
from pipeline.problem import Problem
from pipeline.train.fit import Plan, fit

PROBLEM = Problem(keypoints=("a", "b"), input=InputSize(width=40, height=32))
PLAN = {
    "problem": PROBLEM,
    "model": {"name": "linear", "width": 3},
    "train": {"steps": [{"heads": ["keypoints"], "epochs": 1}], "batch_size": 4, "threads": 1},
}


class LinearSettings(ArchitectureSettings):
    """Of `Linear`."""

    network = f"{__name__}:Linear"

    name: Literal["linear"]
    width: int = 2

    @property
    def heads(self) -> tuple[str, ...]:
        return ("keypoints",)

    def misfit(self, problem: Problem) -> str | None:
        return None if problem.input.channels == 3 else "sees colours only"


class Linear(KeypointNetwork):
    """One convolution, and a linear layer of its mean."""

    def __init__(self, problem: Problem, settings: LinearSettings) -> None:
        super().__init__(problem, settings, Coordinates(Grid(problem.input.width, problem.input.height)))
        self.features = nn.Conv2d(3, settings.width, 3)
        self.answer = nn.Linear(settings.width, 3 * len(problem.keypoints))
        self.heads = {"keypoints": [self.answer]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        points = self.answer(self.features(normalised(pixels, 1)).mean(dim=(2, 3))).unflatten(1, (-1, 3))
        return {"keypoints": points[..., :2], "presence": points[..., 2]}


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "linear", LinearSettings)


def test_an_unknown_network_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="there is no linear; there are classifier, configuration"):
        Plan.model_validate(PLAN)


@pytest.mark.usefixtures("registered")
def test_one_line_makes_a_network_that_trains_and_is_loaded(tmp_path: Path) -> None:
    plan = Plan.model_validate(PLAN)
    rng = np.random.default_rng(1)
    arrays = Arrays(
        rng.integers(0, 255, (8, 32, 40, 3)).astype(np.uint8),
        rng.uniform(2, 30, (8, 2, 2)).astype(np.float32),
        np.full((8, 2), 2, np.uint8),
        np.tile(np.array([2, 2, 12, 12], np.float32), (8, 1)),
    )
    fitted = fit(plan, arrays, arrays, tmp_path / "work")
    assert math.isfinite(float(fitted.history[0]["val_rmse_px"]))
    save_weights(fitted.network, tmp_path / WEIGHTS)
    (tmp_path / SETTINGS).write_text(plan.model_dump_json())
    again = load_trained(tmp_path)
    assert isinstance(again, Linear) and again.features.out_channels == 3
    pixels = torch.from_numpy(arrays.images)
    assert torch.equal(again.predict(pixels)["keypoints"], fitted.network.predict(pixels)["keypoints"])


@pytest.mark.usefixtures("registered")
def test_the_settings_errors_name_their_path() -> None:
    with pytest.raises(ValidationError, match=r"model\.depth\n  Extra inputs are not permitted"):
        Plan.model_validate(PLAN | {"model": {"name": "linear", "depth": 3}})
