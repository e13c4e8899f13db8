"""A whole training: each step is a Lightning fit, resumable at every epoch."""

import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import lightning.pytorch as lightning
import numpy as np
import torch
from lightning.pytorch.plugins.environments import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy
from pydantic import model_validator
from safetensors.torch import load_model

from heelstrike.files import write_aside, write_json
from heelstrike.settings import Strict
from pipeline.augment.recipe import build_recipes
from pipeline.augment.settings import AugmentSettings
from pipeline.executors.devices import refuse_parts
from pipeline.heads import misfit_of
from pipeline.heads.arrays import Arrays
from pipeline.heads.training import Row
from pipeline.models.build import build_model, save_weights
from pipeline.models.initial_weights import LoadedWeights
from pipeline.models.network import Network
from pipeline.models.settings import ModelSettings
from pipeline.models.work import flops
from pipeline.problem import Problem
from pipeline.train.data import EpochSampler, fixed_loader, seed_of, train_loader
from pipeline.train.heads import finish
from pipeline.train.memory import keep_freed_memory
from pipeline.train.module import Training
from pipeline.train.settings import TrainSettings
from pipeline.train.shards import Shards
from pipeline.train.shared_norm import SharedBatchNorm
from pipeline.train.start import load_pretrained

# called with each epoch's row of history; returns False to stop the training early
OnEpoch = Callable[[Row], bool]
_WORTH_HALVES, _WORTH_HALVES_DEPTHWISE = 50e6, 2e9
"""Multiplications of a batch's forward pass from which on a CPU is faster with bfloat16 (benchmarks/precision.py), and
those of a network with depthwise convolutions, which are slow in it."""
_PRECISION: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


class Plan(Strict):
    """All settings of a training. They are written as settings.json of the trained network."""

    problem: Problem
    model: ModelSettings
    train: TrainSettings = TrainSettings()
    augment: AugmentSettings = AugmentSettings()

    @model_validator(mode="after")
    def _network_can_be_taught(self) -> Self:
        if finding := misfit_of(self.model, self.problem) or self.train.misfit(self.model):
            raise ValueError(finding)
        return self


@dataclass
class Fitted:
    """Result of a training.

    Attributes:
        network: The network with the weights that were best in validation, on the CPU, in evaluation mode.
        history: One row per epoch of all steps.
        best: Epoch and score of each step's best weights.
        pretrained: Weights that the training started from; `None` if it started from random weights.
    """

    network: Network
    history: list[Row]
    best: list[dict[str, float | int]]
    pretrained: LoadedWeights | None = None


def fit(
    plan: Plan,
    train: Arrays,
    val: Arrays,
    work: Path,
    on_epoch: OnEpoch = lambda row: True,
    root: Path = Path(),
) -> Fitted:
    """Train a network, or resume an interrupted call with the same plan, data and folder.

    An uninterrupted run on the same machine gives the same result, bit for bit. In each process of a group (see
    pipeline.train.devices) the call trains on its part of every batch, and the first process writes the files.

    Args:
        plan: Settings.
        train: Training split.
        val: Validation split. The weights with the best score on it are kept.
        work: Folder for checkpoints of this plan and data alone.
        on_epoch: Called with the row of each epoch when it ends, and at the start with the rows of an interrupted call.
        root: Repository root, below which the weights lie that `train.init_from` names.

    Raises:
        DivergedError: The loss is not finite.
        UserError: The weights that `train.init_from` names are missing, or none of them fits; or `train.parts` is given
            in a group of processes.
    """
    keep_freed_memory()
    shards = Shards.here()
    refuse_parts(plan.train.parts, shards.count)
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed_of(plan.train.seed))
    network = build_model(plan.problem, plan.model)
    pretrained = load_pretrained(network, plan.train, root)
    network.learn_labels(torch.from_numpy(np.nan_to_num(train.keypoints)), torch.from_numpy(train.visibility > 0))
    if train.classes is not None:
        network.learn_classes(torch.from_numpy(train.classes))
    history: list[Row] = []
    best: list[dict[str, float | int]] = []
    wanted = True

    def listen(row: Row) -> bool:
        nonlocal wanted
        wanted = on_epoch(row)
        return wanted

    for number in range(len(plan.train.steps)):
        done, weights = work / f"step-{number}.json", work / f"step-{number}.safetensors"
        if done.exists():
            for row in json.loads(done.read_text())["history"]:
                listen(row)
        else:
            training = Training(network, plan.train, number)
            _fit_step(training, plan, train, val, work, listen)
            score = {"epoch": training.best_epoch, "score": training.best_score}
            if shards.writes:
                write_json(done, {"history": training.history, "best": score})
            shards.wait()
        load_model(network, str(weights))
        result = json.loads(done.read_text())
        history += result["history"]
        best.append(result["best"])
        if not wanted:
            break
    network.cpu().eval()
    finish(network, val)
    return Fitted(network, history, best, pretrained)


def _fit_step(training: Training, plan: Plan, train: Arrays, val: Arrays, work: Path, on_epoch: OnEpoch) -> None:
    settings, step = plan.train, training.step
    checkpoint = work / f"step-{training.number}.ckpt"
    draws = step.every and step.every * settings.accumulate * settings.batch_size
    recipes, shards = build_recipes(plan.augment, plan.problem), Shards.here()
    sampler = EpochSampler(len(train) * len(recipes), seed_of(settings.seed, training.number), draws)
    training.network.to(memory_format=torch.channels_last)
    _silence_lightning()
    trainer = lightning.Trainer(
        max_epochs=step.rounds,
        accumulate_grad_batches=settings.accumulate,
        precision=precision_of(plan, training.network),
        callbacks=[CheckpointCallback(work, on_epoch, sampler)],
        default_root_dir=work,
        deterministic="warn",
        **placement(shards),
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    try:
        trainer.fit(
            training,
            train_loader(train, recipes, settings.batch_size, sampler, settings.workers, shards, settings.parts),
            fixed_loader(val, 2 * settings.batch_size, shards),
            ckpt_path=checkpoint if checkpoint.exists() else None,
            weights_only=True,
        )
    finally:
        training.end_parts()


class CheckpointCallback(lightning.Callback):
    """Writes the best weights and then a checkpoint to resume from after every epoch, each atomically.

    A kill between the two is harmless: the epoch is repeated from the checkpoint before, and gives the same weights.
    """

    def __init__(self, work: Path, on_epoch: OnEpoch, sampler: EpochSampler) -> None:
        self.work, self.on_epoch, self.sampler = work, on_epoch, sampler

    def on_load_checkpoint(
        self, trainer: lightning.Trainer, training: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Set the sampler's epoch, since loader processes start to read before Lightning calls `set_epoch`."""
        assert isinstance(training, Training)
        self.sampler.set_epoch(len(training.history))

    def on_train_start(self, trainer: lightning.Trainer, training: lightning.LightningModule) -> None:
        """Report the rows of the checkpoint again, and stop if it was the last one."""
        assert isinstance(training, Training)
        wanted = [self.on_epoch(row) for row in training.history]
        trainer.should_stop = training.exhausted or not all(wanted)

    def on_train_epoch_end(self, trainer: lightning.Trainer, training: lightning.LightningModule) -> None:
        """Write best weights and checkpoint, report the epoch, and stop if it was the last one."""
        assert isinstance(training, Training)
        step = f"step-{training.number}"
        if training.shards.writes:
            if training.best_epoch == training.current_epoch:
                with write_aside(self.work / f"{step}.safetensors") as aside:
                    save_weights(training.network, aside)
            with write_aside(self.work / f"{step}.ckpt") as aside:
                trainer.save_checkpoint(aside)
        else:
            trainer.save_checkpoint(self.work / f"{step}.ckpt")  # waits for the first process, which alone writes
        if not self.on_epoch(training.history[-1]) or training.exhausted:
            trainer.should_stop = True


def placement(shards: Shards) -> dict[str, Any]:
    """Return the arguments of Lightning's trainer for one process, or for this process of a group."""
    if shards.count == 1:
        return {"devices": 1}
    local = int(os.environ["LOCAL_WORLD_SIZE"])
    return {
        "devices": local,
        "num_nodes": shards.count // local,
        # the parameters of heads that another step trains have no gradient
        "strategy": DDPStrategy(find_unused_parameters=True, forward_sync_buffers=False),
        "plugins": [TorchElasticEnvironment(), SharedBatchNorm()],
        "use_distributed_sampler": False,
    }


def precision_of(plan: Plan, network: Network) -> Any:
    """Return Lightning's name of the precision that these settings mean for this network on this machine."""
    if plan.train.precision != "auto":
        return _PRECISION[plan.train.precision]
    if torch.cuda.is_available():
        return _PRECISION["bf16" if torch.cuda.is_bf16_supported() else "16"]
    if not computes_bf16(torch.cpu.get_capabilities()):
        return _PRECISION["32"]
    work = plan.train.batch_size * flops(network, plan.problem.input) / 2
    depthwise = any(isinstance(layer, torch.nn.Conv2d) and layer.groups > 1 for layer in network.modules())
    return _PRECISION["bf16" if work >= (_WORTH_HALVES_DEPTHWISE if depthwise else _WORTH_HALVES) else "32"]


def computes_bf16(cpu: Mapping[str, Any]) -> bool:
    """Return whether a CPU computes bfloat16 natively.

    oneDNN supports it on every CPU with AVX-512 as well, but those before 2020 emulate it, at three quarters of the
    speed of single precision.

    Args:
        cpu: `torch.cpu.get_capabilities()` of the CPU.
    """
    if cpu["architecture"] == "x86_64":
        return bool(cpu["avx512_bf16"] or cpu["amx_bf16"])
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _silence_lightning() -> None:
    """Hide Lightning's tips and banners. Heelstrike shows progress itself."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    for text in (
        ".*treespec, LeafSpec.*",
        ".*does not have many workers.*",
        ".*in eval mode at the start of training.*",
        ".*number of training batches.*",
    ):
        warnings.filterwarnings("ignore", text)
