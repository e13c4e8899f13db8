"""A batch in parts: the same whatever the timing, the mean of its parts, and refused where it cannot be repeated."""

import copy
import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from heelstrike.errors import UserError
from pipeline.heads.arrays import Arrays, Batch
from pipeline.models.build import build_model
from pipeline.train.data import EpochSampler, fixed_loader, train_loader
from pipeline.train.draws import Draws
from pipeline.train.fit import Plan, fit
from pipeline.train.heads import head_losses, predict, total_loss
from pipeline.train.module import DivergedError
from pipeline.train.parts import Parts
from pipeline.train.settings import Step
from pipeline.train.shards import Shards

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def losses_of(plan: Plan) -> Any:
    def compute(network: Any, raw: dict[str, Tensor], batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        losses = head_losses(network, raw, batch, ("box", "keypoints"), plan.train)
        return total_loss(losses, plan.train), losses

    return compute


def network_of(plan: Plan) -> Any:
    torch.manual_seed(5)
    return build_model(plan.problem, plan.model)


def batch_of(arrays: Arrays, size: int) -> Batch:
    return next(iter(fixed_loader(arrays, size)))


@pytest.mark.parametrize(("images", "sizes"), [(8, (4, 4)), (9, (4, 5))])
def test_loss_and_gradient_are_the_means_of_the_parts(
    images: int, sizes: tuple[int, int], plan: MakePlan, train: Arrays
) -> None:
    """Without dropout, since each part's thread draws from a generator of its own."""
    given = plan()
    given = given.model_copy(update={"model": given.model.model_copy(update={"dropout": 0.0})})
    batch, network, compute = batch_of(train, images), network_of(given), losses_of(given)
    twin = copy.deepcopy(network)
    parts = Parts(network, [1, 2])
    loss, named = parts.losses(compute, batch)
    parts.backward(2 * loss)
    parts.close()
    expected, by_name = 0.0, dict.fromkeys(named, 0.0)
    for part in zip(*(tensor.split(sizes) for tensor in batch), strict=True):
        share = len(part[0]) / images
        own, losses = compute(twin, twin(part[0]), Batch(*part))
        (2 * share * own).backward()
        expected += share * float(own.detach())
        by_name = {name: by_name[name] + share * float(losses[name].detach()) for name in named}
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-6)
    assert {name: float(value) for name, value in named.items()} == pytest.approx(by_name, rel=1e-6)
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        if ours.grad is not None:
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-7)


def test_a_training_does_not_depend_on_the_timing_of_its_threads(
    plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout, and with threads that are held up now and then."""
    given = plan(parts=2)
    usual = fit(given, train, val, tmp_path / "usual")
    enter, calls = Draws.__enter__, itertools.count()

    def late(self: Draws) -> Any:
        time.sleep(0.01 * (next(calls) % 3))
        return enter(self)

    monkeypatch.setattr(Draws, "__enter__", late)
    held_up = fit(given, train, val, tmp_path / "held up")
    assert next(calls) > 10
    assert held_up.history == usual.history
    for a, b in zip(held_up.network.state_dict().values(), usual.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_resumed_training_in_parts_equals_an_undisturbed_one(
    plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path
) -> None:
    given = plan(parts=2)
    whole = fit(given, train, val, tmp_path / "whole")

    def interrupt(row: dict[str, Any]) -> bool:
        if row["epoch"] == 1:
            raise ZeroDivisionError
        return True

    with pytest.raises(ZeroDivisionError):
        fit(given, train, val, tmp_path / "again", interrupt)
    again = fit(given, train, val, tmp_path / "again")
    assert again.history == whole.history
    for a, b in zip(again.network.state_dict().values(), whole.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("part")], "threads are left"


def test_it_learns_as_well_as_in_one_part(plan: MakePlan, discs: Any, tmp_path: Path) -> None:
    train, val = discs(96, seed=1, missing=0.2), discs(48, seed=2, missing=0.2)
    fitted = fit(plan(steps=(Step(heads=("box", "keypoints"), epochs=8),), parts=2), train, val, tmp_path)
    assert min(float(row["val_rmse_px"]) for row in fitted.history) < 2


def test_predictions_are_those_of_one_thread(plan: MakePlan, val: Arrays) -> None:
    network = network_of(plan()).eval()
    parts, pixels = Parts(network, [1, 2, 3]), batch_of(val, 7).pixels
    together = parts.predict(pixels)
    parts.close()
    for name, alone in predict(network, pixels).items():
        torch.testing.assert_close(together[name], alone)


class Restless(nn.Module):
    """A layer that draws by a function that has no generator of the part's."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0 * torch.randn(x.shape)


def test_a_network_that_draws_otherwise_is_refused(plan: MakePlan, train: Arrays) -> None:
    given = plan()
    network = network_of(given)
    network.dropout = Restless()
    parts = Parts(network, [1, 2])
    with pytest.raises(UserError, match=r"train\.parts: this network draws random numbers.*set train\.parts to 1"):
        parts.losses(losses_of(given), batch_of(train, 8))
    parts.close()


def test_the_error_of_a_part_arrives_when_all_threads_are_done(plan: MakePlan, train: Arrays) -> None:
    done: list[bool] = []

    def compute(network: Any, raw: Any, batch: Batch) -> Any:
        if network is not parts._networks[0]:
            time.sleep(0.05)
            done.append(True)
        raise DivergedError("the loss is not finite")

    parts = Parts(network_of(plan()), [1, 2])
    with pytest.raises(DivergedError, match="not finite"):
        parts.losses(compute, batch_of(train, 8))
    assert done
    parts.close()


def test_parts_need_two_images_each(plan: MakePlan) -> None:
    with pytest.raises(ValidationError, match="batch_size 8 is too small for 5 parts"):
        plan(parts=5)


@pytest.mark.parametrize(("rows", "batches"), [(48, 6), (51, 6), (52, 7)])
def test_a_last_batch_with_one_image_in_a_part_is_left_out(rows: int, batches: int, plan: MakePlan, discs: Any) -> None:
    arrays = discs(rows, seed=3)
    loader = train_loader(arrays, [], 8, EpochSampler(rows, 1), 0, parts=2)
    assert len(list(loader)) == len(loader) == batches


def test_several_devices_have_no_parts(
    plan: MakePlan, train: Arrays, val: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shards, "here", lambda: Shards(0, 2))
    with pytest.raises(UserError, match=r"train\.parts is 2, but 2 devices share each batch already; set it to 1"):
        fit(plan(parts=2), train, val, tmp_path)
