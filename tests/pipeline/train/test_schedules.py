"""Optimizers, schedules, steps by iterations, accumulation: what they do, and that an interruption changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from heelstrike.errors import UserError
from pipeline.heads.arrays import Arrays
from pipeline.models.build import build_model
from pipeline.params import parse_params
from pipeline.train import fit as fit_module
from pipeline.train.data import EpochSampler, seed_of
from pipeline.train.fit import Fitted, Plan, fit
from pipeline.train.schedules import OPTIMIZERS, SCHEDULES
from pipeline.train.settings import Step, TrainSettings

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def few(train: Arrays) -> Arrays:
    return train.subset(range(20))


@pytest.fixture(scope="module")
def some(val: Arrays) -> Arrays:
    return val.subset(range(8))


def step(**changes: Any) -> Step:
    return Step(heads=("keypoints",), **({"epochs": 4} | changes))


def test_every_name_has_its_function() -> None:
    fields = TrainSettings.model_fields
    assert set(get_args(fields["optimizer"].annotation)) == set(OPTIMIZERS)
    assert set(get_args(fields["schedule"].annotation)) == set(SCHEDULES)


class _Killed(Exception):
    pass


def interrupted(plan: Plan, train: Arrays, val: Arrays, work: Path, after: int) -> Fitted:
    """Train in a folder where an earlier call died right after the `after`-th row's checkpoint was written."""
    heard = 0

    def die(row: Any) -> bool:
        nonlocal heard
        heard += 1
        if heard == after:
            raise _Killed
        return True

    with pytest.raises(_Killed):
        fit(plan, train, val, work, die)
    return fit(plan, train, val, work)


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "step", "step_epochs": 2, "step_gamma": 0.5, "optimizer": "adam"},
        {"schedule": "cosine", "accumulate": 2, "optimizer": "muon"},
        {"schedule": "plateau", "plateau_patience": 0, "lr": 0.2, "early_stopping": 3},
        {"schedule": "one_cycle", "steps": (step(epochs=None, iterations=8, every=2),)},
        {"schedule": "constant", "steps": (step(epochs=1), step(epochs=3, lr=0.001))},
        {"workers": 1},
    ],
    ids=lambda settings: "-".join(settings),
)
def test_goes_on_after_a_kill_to_the_same_bits(
    plan: MakePlan, few: Arrays, some: Arrays, tmp_path: Path, settings: dict[str, Any]
) -> None:
    chosen = plan(**({"steps": (step(),)} | settings))
    whole = fit(chosen, few, some, tmp_path / "whole")
    broken = interrupted(chosen, few, some, tmp_path / "broken", after=2)
    assert broken.history == whole.history
    assert broken.best == whole.best
    for a, b in zip(whole.network.state_dict().values(), broken.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def rates(fitted: Fitted) -> list[float]:
    return [float(row["lr"]) for row in fitted.history]


def test_rates_follow_their_schedules(plan: MakePlan, few: Arrays, some: Arrays, tmp_path: Path) -> None:
    steps = (step(), step(epochs=2, lr=0.002))
    stepped = fit(plan(schedule="step", step_epochs=2, step_gamma=0.5, steps=steps), few, some, tmp_path / "step")
    # each step begins anew, the second at its own rate
    assert rates(stepped) == pytest.approx([0.01, 0.01, 0.005, 0.005, 0.002, 0.002])
    cosine = fit(plan(schedule="cosine", steps=(step(),)), few, some, tmp_path / "cosine")
    # after 3, 6, 9 and 12 of 12 updates
    assert rates(cosine) == pytest.approx([0.005 * (1 + np.cos(np.pi * n / 4)) for n in (1, 2, 3, 4)], abs=1e-9)


class TestEarlyStopping:
    @pytest.fixture
    def hopeless(self, plan: MakePlan) -> Plan:
        """Nothing can become better: the rate is far too small to change a prediction."""
        return plan(schedule="constant", lr=1e-30, early_stopping=2, steps=(step(epochs=9), step(epochs=9)))

    def test_ends_the_step_and_not_the_training(
        self, hopeless: Plan, few: Arrays, some: Arrays, tmp_path: Path
    ) -> None:
        history = fit(hopeless, few, some, tmp_path).history
        epochs = [[row["epoch"] for row in history if row["step"] == number] for number in (0, 1)]
        for number, of_step in enumerate(epochs):
            scores = [row["val_rmse_px"] for row in history if row["step"] == number]
            assert len(of_step) == int(np.argmin(scores)) + 3 < 9

    def test_a_kill_after_the_last_epoch_adds_none(
        self, hopeless: Plan, few: Arrays, some: Arrays, tmp_path: Path
    ) -> None:
        whole = fit(hopeless, few, some, tmp_path / "whole").history
        last = sum(row["step"] == 0 for row in whole)
        assert interrupted(hopeless, few, some, tmp_path / "broken", after=last).history == whole


class TestIterations:
    def test_rows_are_rounds_of_updates(self, plan: MakePlan, few: Arrays, some: Arrays, tmp_path: Path) -> None:
        steps = (step(epochs=None, iterations=6, every=2),)
        fitted = fit(plan(schedule="cosine", steps=steps, accumulate=2), few, some, tmp_path)
        assert rates(fitted) == pytest.approx([0.005 * (1 + np.cos(np.pi * n / 6)) for n in (2, 4, 6)], abs=1e-9)

    def test_images_come_pass_by_pass_across_the_rounds(self) -> None:
        sampler = EpochSampler(5, seed=3, draws=4)
        drawn = []
        for epoch in range(5):
            sampler.set_epoch(epoch)
            assert len(list(sampler)) == len(sampler) == 4
            drawn += list(sampler)
        assert [number for number, _ in drawn] == [n for n in range(4) for _ in range(5)]
        for number in range(4):
            assert sorted(row for n, row in drawn if n == number) == [0, 1, 2, 3, 4]

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({}, "needs epochs, or iterations and every"),
            ({"iterations": 100}, "needs epochs, or iterations and every"),
            ({"iterations": 100, "every": 30}, "every 30 does not divide iterations 100"),
            ({"epochs": 3, "iterations": 100, "every": 10}, "not both"),
        ],
    )
    def test_a_step_of_no_clear_length_is_refused(self, wrong: dict[str, int], message: str) -> None:
        section: dict[str, Any] = {
            "problem": {"keypoints": ["a"]},
            "collect": {"sources": [{"kind": "csv"}]},
            "model": {"name": "spatial"},
            "train": {"steps": [{"heads": ["box"], **wrong}]},
        }
        with pytest.raises(UserError, match=rf"p\.train\.steps\.0: .*{message}"):
            parse_params({"problems": ["p"], "p": section})


@pytest.mark.parametrize("count", [16, 22])
def test_accumulated_batches_are_one_large_batch(
    plan: MakePlan, discs: Any, some: Arrays, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 22 images the last update has two batches of four and two images, in the large form one of six."""

    def without_batch_norm(problem: Any, settings: Any) -> Any:
        network = build_model(problem, settings)
        for parent in list(network.modules()):
            for name, layer in parent.named_children():
                if isinstance(layer, torch.nn.BatchNorm2d):
                    setattr(parent, name, torch.nn.GroupNorm(1, layer.num_features))
        return network

    monkeypatch.setattr(fit_module, "build_model", without_batch_norm)
    arrays = discs(count, seed=5, missing=0.0)
    model = plan().model.model_copy(update={"dropout": 0.0})
    common: dict[str, Any] = {"precision": "32", "steps": (Step(heads=("box", "keypoints"), epochs=2),), "lr": 1e-3}
    large = plan(batch_size=8, **common).model_copy(update={"model": model})
    small = plan(batch_size=4, accumulate=2, **common).model_copy(update={"model": model})
    one, two = (fit(p, arrays, some, tmp_path / n) for p, n in ((large, "large"), (small, "small")))
    for a, b in zip(one.history, two.history, strict=True):
        assert b["lr"] == pytest.approx(a["lr"])
        assert b["grad_norm"] == pytest.approx(a["grad_norm"], rel=1e-3)
        assert b["val_rmse_px"] == pytest.approx(a["val_rmse_px"], rel=1e-3)
    torch.manual_seed(seed_of(large.train.seed))
    start = _vector(without_batch_norm(large.problem, model))
    apart, moved = (torch.linalg.norm(_vector(two.network) - other) for other in (_vector(one.network), start))
    assert apart < 5e-3 * moved  # Adam makes much of the float errors of gradients near 0


def _vector(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])
