"""The Lightning module, which trains one step of a training."""

import math
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from heelstrike.errors import UserError
from pipeline.heads.arrays import Batch
from pipeline.heads.training import Row
from pipeline.models.network import Network
from pipeline.train.data import seed_of
from pipeline.train.heads import Validation, head_losses, predict, score_of, total_loss
from pipeline.train.parts import Parts
from pipeline.train.schedules import SCHEDULES, EpochSchedule, build_optimizer
from pipeline.train.settings import Step, TrainSettings
from pipeline.train.shards import Shards, whole


class DivergedError(UserError):
    """The loss became infinite or NaN."""


class Training(lightning.LightningModule):
    """Trains the heads of one step. It keeps one row of history per epoch, and the best epoch.

    Args:
        network: Network to train in place.
        settings: Settings of the whole training.
        number: Number of the step, from 0.
    """

    def __init__(self, network: Network, settings: TrainSettings, number: int) -> None:
        super().__init__()
        self.network, self.train_settings, self.number = network, settings, number
        self.step: Step = settings.steps[number]
        self.frozen = list(network.fixed)
        self.frozen += [
            layer for head, layers in network.heads.items() if head not in self.step.heads for layer in layers
        ]
        if not self.step.backbone:
            heads = {id(p) for layers in network.heads.values() for layer in layers for p in layer.parameters()}
            self.frozen += [m for m in network.modules() if _own_parameters_outside(m, heads)]
        # here and not with the optimizer, since DDP takes note of the parameters that learn before there is one
        network.requires_grad_(True)
        for layer in self.frozen:
            layer.requires_grad_(False)
        self.history: list[Row] = []
        self.best_epoch, self.best_score = -1, float("inf")
        self._schedule: EpochSchedule | None = None
        self._schedule_state: dict[str, Any] | None = None
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, Tensor | int] = {}
        self._validation = Validation(network)
        self._parts: Parts | None = None
        self.shards = Shards.here()

    # -- what learns -------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> Any:
        """Make the optimizer of the parameters that this step trains, and its schedule."""
        settings, rate = self.train_settings, self.step.lr or self.train_settings.lr
        optimizer = build_optimizer([p for p in self.network.parameters() if p.requires_grad], settings, rate)
        updates = int(self.trainer.estimated_stepping_batches)
        schedule = SCHEDULES[settings.schedule](optimizer, settings, rate, updates)
        if isinstance(schedule, LRScheduler):
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
        # advanced by this module, because Lightning would do it after the epoch's checkpoint was written
        self._schedule = schedule
        if schedule is not None and self._schedule_state is not None:
            schedule.scheduler.load_state_dict(self._schedule_state)
        return optimizer

    def on_train_epoch_start(self) -> None:
        """Seed the epoch's random numbers, and keep frozen layers in evaluation mode."""
        torch.manual_seed(seed_of(self.train_settings.seed, self.number, self.current_epoch))
        self.network.train()  # an earlier step froze other layers, and Lightning does not change their mode
        for layer in self.frozen:
            layer.eval()  # otherwise the layer's batch normalisation would follow the data
        self._sums, self._counts = {}, {}
        self.end_parts()
        if (count := self.train_settings.parts) > 1:
            seed, epoch = self.train_settings.seed, self.current_epoch
            self._parts = Parts(self.network, [seed_of(seed, self.number, epoch, part) for part in range(count)])

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the weighted loss of the heads that learn."""
        settings = self.train_settings
        if self._parts:
            loss, losses = self._parts.losses(self._losses, batch)
        else:
            raw, batch = whole(self.network(batch.pixels), batch, self.shards)
            loss, losses = self._losses(self.network, raw, batch)
        self._add({"loss": loss} | {f"{name}_loss": value for name, value in losses.items()})
        return loss if settings.accumulate == 1 else loss * self._share(len(batch.visibility), batch_index)

    def _losses(self, network: Network, raw: dict[str, Tensor], batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        losses = head_losses(network, raw, batch, self.step.heads, self.train_settings)
        return total_loss(losses, self.train_settings), losses

    def backward(self, loss: Tensor, *_: Any, **__: Any) -> None:
        """Add the gradient of the loss to that of the weights; of a loss in parts, with all threads."""
        if self._parts:
            self._parts.backward(loss)
        else:
            loss.backward()

    def end_parts(self) -> None:
        """End the threads of an epoch's parts."""
        if self._parts:
            self._parts.close()
            self._parts = None

    def _share(self, images: int, batch_index: int) -> float:
        """Return the factor that makes the gradient of an update the mean over its images.

        Lightning sums the losses of an update and divides them by `accumulate`, even if the last update of an epoch has
        fewer batches or a smaller one. The factor is the batch's images relative to the mean batch of the update, which
        is the update's images divided by `accumulate`.
        """
        size, accumulate = self.train_settings.batch_size, self.train_settings.accumulate
        first = batch_index // accumulate * accumulate
        sampler: Any = self.trainer.train_dataloader.batch_sampler  # type: ignore[union-attr]
        epoch = min(len(sampler) * size, len(sampler.sampler))
        return images * accumulate / min(accumulate * size, epoch - first * size)

    def configure_gradient_clipping(self, optimizer: Optimizer, *_: Any, **__: Any) -> None:
        """Clip gradients by their norm, and record the norm before clipping."""
        limit = self.train_settings.gradient_clip or float("inf")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, limit)
        # with half precision, updates whose gradients overflowed are skipped and the loss is scaled down
        finite = torch.isfinite(norm)
        self._add({"grad_norm": torch.where(finite, norm, 0.0)}, finite)

    def _add(self, values: dict[str, Tensor], counts: Tensor | int = 1) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value.detach()
            self._counts[name] = self._counts.get(name, 0) + counts

    # -- validation, history, checkpoints ----------------------------------------------------------------------

    def on_validation_epoch_start(self) -> None:
        """Reset the validation errors."""
        self._validation.reset()

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Add the errors of a batch."""
        predictions = self._parts.predict(batch.pixels) if self._parts else predict(self.network, batch.pixels)
        self._validation.add(batch, predictions)

    def on_validation_epoch_end(self) -> None:
        """Record the epoch's row, and the epoch if it is the best so far.

        Raises:
            DivergedError: The score or a loss is not finite.
        """
        figures = self._validation.figures()
        means = {name: float(total) / max(int(self._counts[name]), 1) for name, total in sorted(self._sums.items())}
        row: Row = {"step": self.number, "heads": "+".join(self.step.heads), "epoch": self.current_epoch}
        row |= {**means, **figures, "lr": float(self.trainer.optimizers[0].param_groups[0]["lr"])}
        score = score_of(row)
        if not all(map(math.isfinite, [score, *means.values()])):
            raise DivergedError(
                f"training diverged in epoch {self.current_epoch} of step {self.number} (loss {means.get('loss')}, "
                f"validation {score}); lower train.lr or set train.gradient_clip"
            )
        self.history.append(row)
        if score < self.best_score or self.best_epoch < 0:
            self.best_epoch, self.best_score = self.current_epoch, score
        if self._schedule is not None:
            self._schedule.advance(score)

    @property
    def exhausted(self) -> bool:
        """True if the validation score has not improved for `early_stopping` epochs."""
        waits = self.train_settings.early_stopping
        return waits > 0 and len(self.history) - 1 - self.best_epoch >= waits

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add history, best epoch and schedule to the checkpoint."""
        checkpoint["heelstrike"] = {
            "history": self.history,
            "best": [self.best_epoch, self.best_score],
            "schedule": self._schedule and self._schedule.scheduler.state_dict(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore history, best epoch and schedule from the checkpoint."""
        state = checkpoint["heelstrike"]
        self.history, self._schedule_state = state["history"], state["schedule"]
        self.best_epoch, self.best_score = state["best"]


def _own_parameters_outside(module: nn.Module, heads: set[int]) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not any(id(p) in heads for p in own)
