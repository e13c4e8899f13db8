"""Optimizers and learning rate schedules by name. A new one is a function here and its name in settings.py."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, ReduceLROnPlateau, StepLR

from pipeline.train.muon import Muon
from pipeline.train.settings import TrainSettings

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"adamw": AdamW, "adam": Adam, "muon": Muon}


def build_optimizer(parameters: list[nn.Parameter], settings: TrainSettings, lr: float) -> Optimizer:
    """Build the optimizer of these parameters. Norms and biases have no weight decay."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return OPTIMIZERS[settings.optimizer](groups, lr=lr)


@dataclass
class EpochSchedule:
    """A schedule that advances once an epoch, before the epoch's checkpoint is written.

    Attributes:
        scheduler: The scheduler with its state.
        advance: Called with the epoch's validation score.
    """

    scheduler: LRScheduler
    advance: Callable[[float], None]


# arguments: optimizer, settings, the step's highest rate, its number of updates
# result: an LRScheduler advances at each update, an EpochSchedule at each epoch, `None` means a constant rate
Build = Callable[[Optimizer, TrainSettings, float, int], LRScheduler | EpochSchedule | None]


def _one_cycle(optimizer: Optimizer, settings: TrainSettings, lr: float, updates: int) -> LRScheduler:
    """Rise from a 25th of the rate for the share `warmup`, then fall to 0 (Smith and Topin 2018, arXiv:1708.07120)."""
    return OneCycleLR(optimizer, lr, total_steps=max(updates, 2), pct_start=settings.warmup)


def _cosine(optimizer: Optimizer, settings: TrainSettings, lr: float, updates: int) -> LRScheduler:
    """Fall from the highest rate to 0 along half a cosine, without a warm-up."""
    return CosineAnnealingLR(optimizer, T_max=max(updates, 1))


def _plateau(optimizer: Optimizer, settings: TrainSettings, lr: float, updates: int) -> EpochSchedule:
    """Lower the rate by a factor when the validation score has not improved for `plateau_patience` epochs."""
    plateau = ReduceLROnPlateau(
        optimizer,
        factor=settings.plateau_factor,
        patience=settings.plateau_patience,
        threshold=settings.plateau_threshold,
    )
    return EpochSchedule(plateau, plateau.step)


def _step(optimizer: Optimizer, settings: TrainSettings, lr: float, updates: int) -> EpochSchedule:
    """Lower the rate by a factor after every `step_epochs` epochs."""
    steps = StepLR(optimizer, settings.step_epochs, settings.step_gamma)
    return EpochSchedule(steps, lambda score: steps.step())


SCHEDULES: dict[str, Build] = {
    "one_cycle": _one_cycle,
    "plateau": _plateau,
    "step": _step,
    "cosine": _cosine,
    "constant": lambda optimizer, settings, lr, updates: None,
}
