"""Training: it learns, it repeats itself, it trains what it should and nothing else."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.heads.arrays import Arrays, Batch
from pipeline.models.build import build_model
from pipeline.models.inference import predict_arrays
from pipeline.models.settings import MultiHeadSettings, StackBackbone
from pipeline.train.fit import Plan, fit
from pipeline.train.heads import head_losses
from pipeline.train.module import DivergedError, Training
from pipeline.train.settings import Step

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_learns_where_the_discs_are_and_which_are_missing(plan: MakePlan, discs: Any, tmp_path: Path) -> None:
    train, val = discs(96, seed=1, missing=0.2), discs(48, seed=2, missing=0.2)
    fitted = fit(plan(steps=(Step(heads=("box", "keypoints"), epochs=8),)), train, val, tmp_path)
    first, best = fitted.history[0], min(fitted.history, key=lambda row: row["val_rmse_px"])
    assert best["val_rmse_px"] < 2 < first["val_rmse_px"]
    assert best["val_box_iou"] > 0.9
    outputs = predict_arrays(fitted.network, val.images)
    visible = val.visibility == 2
    rmse = np.sqrt(np.mean((outputs["keypoints"] - val.keypoints)[visible] ** 2))
    assert rmse == pytest.approx(best["val_rmse_px"], rel=1e-4), "the weights kept are not the best"
    assert np.median(outputs["confidence"][visible]) > 0.8
    assert np.median(outputs["confidence"][~visible]) < 0.4


def test_two_runs_are_equal_bit_for_bit(plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path) -> None:
    one, two = (fit(plan(workers=workers), train, val, tmp_path / str(workers)) for workers in (0, 1))
    assert one.history == two.history
    for a, b in zip(one.network.state_dict().values(), two.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_another_seed_is_another_training(plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path) -> None:
    one, two = (fit(plan(seed=seed), train, val, tmp_path / str(seed)) for seed in (1, 2))
    assert one.history != two.history


def test_history_has_a_row_per_epoch_with_rate_and_gradient_norm(
    plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path
) -> None:
    heard: list[Any] = []

    def listen(row: Any) -> bool:
        heard.append(row)
        return True

    history = fit(plan(), train, val, tmp_path, listen).history
    assert heard == history
    assert [row["epoch"] for row in history] == [0, 1, 2]
    for row in history:
        assert row["grad_norm"] > 0
        assert 0 < row["lr"] <= 0.01
        assert row["loss"] == pytest.approx(
            row["keypoints_loss"] + 0.3 * row["presence_loss"] + 0.1 * row["box_loss"], rel=1e-5
        )


def test_constant_rate_stays_and_plateau_lowers_it(plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path) -> None:
    constant = fit(plan(schedule="constant"), train, val, tmp_path / "constant").history
    assert {row["lr"] for row in constant} == {0.01}
    steps = (Step(heads=("keypoints",), epochs=6),)
    falling = fit(plan(schedule="plateau", plateau_patience=0, lr=0.3, steps=steps), train, val, tmp_path / "plateau")
    rates = [row["lr"] for row in falling.history]
    assert rates[0] == 0.3
    assert rates[-1] < 0.3


def test_stops_when_told(plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path) -> None:
    steps = (Step(heads=("box",), epochs=3), Step(heads=("keypoints",), epochs=3))
    fitted = fit(plan(steps=steps), train, val, tmp_path, lambda row: row["epoch"] < 1)
    assert [(row["step"], row["epoch"]) for row in fitted.history] == [(0, 0), (0, 1)]


def test_divergence_is_a_message(plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"diverged in epoch \d+ of step 0.*lower train\.lr"):
        fit(plan(lr=1e30, schedule="constant", gradient_clip=0), train, val, tmp_path)


def test_a_gradient_that_overflowed_is_no_divergence(
    plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half precision overflows at first, leaves those updates out and lowers its scale."""
    real, calls = torch.nn.utils.clip_grad_norm_, itertools.count()

    def overflowing(*arguments: Any) -> torch.Tensor:
        norm = real(*arguments)
        return torch.full_like(norm, torch.inf) if next(calls) == 0 else norm

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", overflowing)
    row, *_ = fit(plan(steps=(Step(heads=("box",), epochs=1),)), train, val, tmp_path).history
    assert 0 < row["grad_norm"] < 100


class TestThreeSteps:
    """The published training of the multi-headed network: box alone, keypoints alone, both."""

    STEPS = (
        Step(heads=("box",), epochs=1),
        Step(heads=("keypoints",), epochs=1, backbone=False),
        Step(heads=("box", "keypoints"), epochs=1),
    )

    @pytest.fixture
    def three(self, plan: MakePlan) -> Plan:
        model = MultiHeadSettings(name="multihead", backbone=StackBackbone(channels=(4, 8)), hidden=16)
        return plan(steps=self.STEPS).model_copy(update={"model": model})

    def test_each_step_changes_its_parameters_and_no_others(
        self, three: Plan, train: Arrays, val: Arrays, tmp_path: Path
    ) -> None:
        states: list[dict[str, torch.Tensor]] = []
        for count in range(1, 4):
            settings = three.train.model_copy(update={"steps": self.STEPS[:count]})
            fitted = fit(three.model_copy(update={"train": settings}), train, val, tmp_path / str(count))
            states.append(fitted.network.state_dict())
        changed = [self._changed(a, b) for a, b in itertools.pairwise(states)]
        # buffers of batch norms count too: a frozen backbone must not go on following the data
        assert changed[0] == {"keypoint_head"}
        assert changed[1] == {"backbone", "box_head", "keypoint_head"}

    def test_first_step_leaves_the_other_head_as_it_was_made(
        self, three: Plan, train: Arrays, val: Arrays, tmp_path: Path
    ) -> None:
        fitted = fit(
            three.model_copy(update={"train": three.train.model_copy(update={"steps": self.STEPS[:1]})}),
            train, val, tmp_path,
        )  # fmt: skip
        head = fitted.network.state_dict()["keypoint_head.connected.4.weight"]
        assert not head.any(), "the keypoint head's zero output layer has moved"
        assert fitted.history[0]["box_loss"] > 0
        assert "keypoints_loss" not in fitted.history[0]

    @staticmethod
    def _changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
        return {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}


def batch_of(arrays: Arrays, keypoints: np.ndarray) -> Batch:
    labels = (arrays.images, keypoints, arrays.visibility, arrays.boxes)
    classes, objects = torch.full((len(arrays),), -1), torch.empty(len(arrays), 0, 5)
    return Batch(*map(torch.from_numpy, labels), classes, objects)


def test_missing_points_have_no_say(plan: MakePlan, discs: Any) -> None:
    network = build_model(plan().problem, plan().model).eval()
    arrays = discs(4, seed=3, missing=0.0)
    batch = batch_of(arrays, arrays.keypoints)
    hidden = batch._replace(visibility=batch.visibility.clone())
    hidden.visibility[0, 1] = 0
    moved = hidden._replace(keypoints=hidden.keypoints.clone())
    moved.keypoints[0, 1] = 0.0
    raw = network(batch.pixels)
    losses = [head_losses(network, raw, b, ("keypoints",))["keypoints"] for b in (batch, hidden, moved)]
    assert losses[1] == losses[2] != losses[0]


def test_nothing_labelled_is_no_loss_and_no_nan(plan: MakePlan, discs: Any) -> None:
    network = build_model(plan().problem, plan().model)
    arrays = discs(2, seed=3, missing=1.0)
    keypoints = np.nan_to_num(arrays.keypoints)
    batch = batch_of(arrays, keypoints)
    losses = head_losses(network, network(batch.pixels), batch, ("keypoints", "box"))
    assert losses["keypoints"] == 0
    sum(losses.values()).backward()  # type: ignore[union-attr]
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_frozen_parameters_are_none_of_the_optimizers(plan: MakePlan) -> None:
    settings = plan(steps=(Step(heads=("box",), epochs=1, backbone=False),))
    network = build_model(settings.problem, settings.model)
    training = Training(network, settings.train, 0)
    training.trainer = type("T", (), {"estimated_stepping_batches": 5})()  # type: ignore[assignment]
    training.configure_optimizers()
    learning = {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learning == {"box_reduce", "box_head"}
