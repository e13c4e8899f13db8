"""Several processes train like one: the same losses within rounding, the same bytes after a kill, clear messages."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.heads.arrays import Arrays
from pipeline.layout import Layout
from pipeline.models.settings import SpatialSettings
from pipeline.train.data import EpochSampler, fixed_loader, train_loader
from pipeline.train.devices import train_together
from pipeline.train.fit import Plan
from pipeline.train.job import Job, train
from pipeline.train.module import DivergedError
from pipeline.train.settings import Step
from pipeline.train.shards import Shards
from pipeline.train.stage import run
from tests.pipeline.train.test_stage import ROOT, params_of, section

MakePlan = Callable[..., Plan]
STEPS = (Step(heads=("box",), epochs=1), Step(heads=("box", "keypoints"), epochs=3))
# dropout is left out, since its masks depend on the number of images in a process
MODEL = SpatialSettings(name="spatial", width=8, levels=2, dropout=0.0)


@pytest.fixture
def job(prepared: Layout, plan: MakePlan) -> Callable[..., Job]:
    def make(name: str, **settings: Any) -> Job:
        given = plan(precision="32", steps=STEPS, batch_size=7, **settings).model_copy(update={"model": MODEL})
        return Job("discs", given, prepared.out("prepare"), prepared.work("train", name), prepared.root)

    return make


def test_two_processes_have_the_losses_and_gradients_of_one(job: Callable[..., Job]) -> None:
    # at a usual rate, Adam makes steps of full size of rounding errors where a gradient is zero
    settings = {"lr": 1e-6, "schedule": "constant"}
    alone = train(job("one", **settings))
    train_together(job("two", **settings), 2)
    together = train(job("two", **settings))
    assert len(together.history) == len(alone.history) == 4
    for one, two in zip(alone.history, together.history, strict=True):
        assert one.keys() == two.keys()
        for name in ("loss", "keypoints_loss", "presence_loss", "box_loss", "val_rmse_px", "val_box_iou"):
            assert two.get(name) == pytest.approx(one.get(name), rel=1e-5), (name, one["step"], one["epoch"])
        assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-3)
    assert [b["epoch"] for b in together.best] == [b["epoch"] for b in alone.best]
    for name, weights in alone.network.state_dict().items():
        torch.testing.assert_close(together.network.state_dict()[name], weights, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.slow
def test_a_killed_process_starts_again_and_the_result_has_the_same_bytes(job: Callable[..., Job]) -> None:
    undisturbed, disturbed = job("undisturbed"), job("disturbed")
    train_together(undisturbed, 2)
    killer = threading.Thread(target=_kill_a_child_after, args=(disturbed.work / "step-1.ckpt",))
    killer.start()
    train_together(disturbed, 2)
    killer.join()
    assert _weights(disturbed) == _weights(undisturbed)
    assert train(disturbed).history == train(undisturbed).history


@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_the_training_at_once(job: Callable[..., Job]) -> None:
    with pytest.raises(DivergedError, match=r"training diverged in epoch 0"):
        train_together(job("wild", lr=1e30, gradient_clip=0, schedule="constant"), 2)


@pytest.mark.slow
def test_the_traceback_of_a_process_that_failed_is_printed(
    job: Callable[..., Job], capfd: pytest.CaptureFixture[str]
) -> None:
    given = job("blocked")
    given.work.parent.mkdir(parents=True, exist_ok=True)
    given.work.write_text("no folder")
    with pytest.raises(UserError, match=r"train on 2 devices: process \d of 2 ended: .*Error.* This happened 3 times"):
        train_together(given, 2)
    printed = capfd.readouterr().err
    assert printed.count("Traceback (most recent call last)") >= 3
    assert "pipeline/train/devices.py" in printed


@pytest.mark.slow
def test_the_stage_takes_what_torchrun_has_trained(prepared: Layout, plan: MakePlan, write_best: Any) -> None:
    given = plan(steps=(Step(heads=("box", "keypoints"), epochs=2),))
    write_best(prepared, given)
    (prepared.root / "params.yaml").write_text(yaml.safe_dump(section(given)))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [*command, "-m", "pipeline.train.devices", "discs"],
        cwd=prepared.root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "trained on 2 devices" in ended.stdout
    (work,) = prepared.work("train").glob("*/")
    rows = json.loads((work / "step-0.json").read_text())["history"]
    run(params_of(given), prepared)
    assert pd.read_csv(prepared.out("train") / "history.csv")["loss"].tolist() == pytest.approx(
        [r["loss"] for r in rows]
    )


def test_batches_divided_and_joined_are_the_batches_of_one_process(train: Arrays, val: Arrays) -> None:
    for count in (2, 3):
        parts = [train_loader(train, (), 9, EpochSampler(48, 1), 0, Shards(rank, count)) for rank in range(count)]
        one = train_loader(train, (), 9, EpochSampler(48, 1), 0)
        for whole, *divided in zip(one, *parts, strict=True):
            assert torch.equal(whole.pixels, torch.cat([part.pixels for part in divided]))
        fixed = [fixed_loader(val, 5, Shards(rank, count)) for rank in range(count)]
        rows = [torch.cat([part.pixels for part in parts]) for parts in zip(*fixed, strict=True)]
        assert torch.equal(torch.cat(rows), torch.from_numpy(val.images))


def test_a_last_batch_with_too_few_images_is_left_out(train: Arrays) -> None:
    few = train.subset(range(14))
    sizes = [len(b.pixels) for b in train_loader(few, (), 6, EpochSampler(14, 1), 0, Shards(0, 3))]
    assert sizes == [2, 2]
    assert len(list(train_loader(few, (), 6, EpochSampler(14, 1), 0, Shards(0, 2)))) == 3


def test_more_devices_than_images_are_refused(train: Arrays, val: Arrays) -> None:
    with pytest.raises(UserError, match=r"train\.batch_size is 4, too few images for 5 devices"):
        train_loader(train, (), 4, EpochSampler(48, 1), 0, Shards(0, 5))
    with pytest.raises(UserError, match="the validation split has 16 images, too few for 17 devices"):
        fixed_loader(val, 8, Shards(0, 17))


def _kill_a_child_after(checkpoint: Path) -> None:
    while not checkpoint.exists():
        time.sleep(0.01)
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for path in children for pid in path.read_text().split()]
    trainers = [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(max(trainers), signal.SIGKILL)


def _weights(job: Job) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted(job.work.glob("*.safetensors"))}
