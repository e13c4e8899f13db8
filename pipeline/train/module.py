"""The Lightning module: one step of a training, on one network."""

import math
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from pipeline.errors import UserError
from pipeline.models.network import KeypointNetwork
from pipeline.train.data import Batch, seed_of
from pipeline.train.losses import head_losses, total_loss
from pipeline.train.settings import Step, TrainSettings
from pipeline.train.validation import Validation

Row = dict[str, float | int | str]


def score_of(row: Row) -> float:
    """What training and search make small: keypoint RMSE in pixels, or 1 - IoU where only boxes are learned."""
    return float(row["val_rmse_px"]) if "keypoints" in str(row["heads"]) else 1 - float(row["val_box_iou"])


class DivergedError(UserError):
    """The loss became infinite or no number."""


class Training(lightning.LightningModule):
    """Trains the heads of one step; keeps a row of history per epoch and which epoch was best.

    Args:
        network: Learns in place.
        settings: Of the whole training.
        number: The step's number, from 0.
    """

    def __init__(self, network: KeypointNetwork, settings: TrainSettings, number: int) -> None:
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
        self.history: list[Row] = []
        self.best_epoch, self.best_score = -1, float("inf")
        self.plateau: ReduceLROnPlateau | None = None
        self._plateau_state: dict[str, Any] | None = None
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._validation = Validation(network)

    # -- what learns -------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> Any:
        """AdamW over what this step trains; norms and biases do not decay."""
        settings = self.train_settings
        for parameter in self.network.parameters():
            parameter.requires_grad_(True)
        for layer in self.frozen:
            layer.requires_grad_(False)
        learning = [p for p in self.network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in learning if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = AdamW(groups, lr=settings.lr)
        if settings.schedule == "one_cycle":
            steps = max(int(self.trainer.estimated_stepping_batches), 2)
            cycle = OneCycleLR(optimizer, settings.lr, total_steps=steps, pct_start=settings.warmup)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
        if settings.schedule == "plateau":
            # stepped here and not by Lightning, which would do it after the epoch's checkpoint was written
            self.plateau = ReduceLROnPlateau(
                optimizer, factor=settings.plateau_factor, patience=settings.plateau_patience
            )
            if self._plateau_state is not None:
                self.plateau.load_state_dict(self._plateau_state)
        return optimizer

    def on_train_epoch_start(self) -> None:
        """Make the epoch's random numbers its own, and hold what is frozen in evaluation mode."""
        torch.manual_seed(seed_of(self.train_settings.seed, self.number, self.current_epoch))
        self.network.train()  # Lightning leaves each layer's mode as it finds it, and an earlier step froze others
        for layer in self.frozen:
            layer.eval()  # else its batch norms would go on following the data
        self._sums, self._steps = {}, 0

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Weighted loss of the heads that learn."""
        losses = head_losses(self.network, self.network(batch.pixels), batch, self.step.heads)
        loss = total_loss(losses, self.train_settings.box_weight, self.train_settings.presence_weight)
        self._add({"loss": loss} | {f"{name}_loss": value for name, value in losses.items()})
        self._steps += 1
        return loss

    def configure_gradient_clipping(self, optimizer: Optimizer, *_: Any, **__: Any) -> None:
        """Clip by norm and note the norm before clipping."""
        limit = self.train_settings.gradient_clip or float("inf")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._add({"grad_norm": nn.utils.clip_grad_norm_(parameters, limit)})

    def _add(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value.detach()

    # -- what is kept ------------------------------------------------------------------------------------------

    def on_validation_epoch_start(self) -> None:
        """Start counting anew."""
        self._validation.reset()

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Collect predictions."""
        self._validation.add(batch)

    def on_validation_epoch_end(self) -> None:
        """Write the epoch's row, note whether it is the best so far."""
        figures = self._validation.figures()
        means = {name: float(total) / max(self._steps, 1) for name, total in sorted(self._sums.items())}
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
        if self.plateau is not None:
            self.plateau.step(score)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning does not know of."""
        checkpoint["heelstrike"] = {
            "history": self.history,
            "best": [self.best_epoch, self.best_score],
            "plateau": self.plateau and self.plateau.state_dict(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        kept = checkpoint["heelstrike"]
        self.history, self._plateau_state = kept["history"], kept["plateau"]
        self.best_epoch, self.best_score = kept["best"]


def _own_parameters_outside(module: nn.Module, heads: set[int]) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not any(id(p) in heads for p in own)
