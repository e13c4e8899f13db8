"""Base class of the settings of every architecture."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from heelstrike.settings import Strict
from pipeline.problem import Problem


class ArchitectureSettings(Strict, ABC):
    """Base of the settings; a subclass adds `name`, its fields, its network and its requirements on a problem."""

    if TYPE_CHECKING:
        name: str

    network: ClassVar[str]
    """The `pipeline.models.network.Network` subclass as `module:class`, so that reading settings needs no torch."""

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the network's heads, which a training step may train and which predict on an image."""
        return ("box", "keypoints")

    @property
    def learns_after(self) -> dict[str, str]:
        """Heads that use another head's prediction, mapped to that head, which must be trained before or with them."""
        return {}

    @property
    def differentiable(self) -> bool:
        """True if a loss of the decoded coordinates has a gradient for the whole network."""
        return True

    @property
    def brings_losses(self) -> bool:
        """True if the network has its own losses, so that `train.losses` cannot name others."""
        return False

    @property
    def imagenet(self) -> bool:
        """True if a part of the network can start from ImageNet weights (`train.init_from`)."""
        return False

    @abstractmethod
    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""


def too_deep(multiple: int, problem: Problem, instead: str) -> str | None:
    """The reason why a network's coarsest cells are too large for the problem's input, or `None`.

    Args:
        multiple: Input pixels per cell.
        problem: The problem with the input size.
        instead: Advice for the message: what to use instead.
    """
    smallest = min(problem.input.width, problem.input.height)
    if multiple <= smallest:
        return None
    return f"halves the image until a cell covers {multiple} px, but the input has only {smallest} px; use {instead}"
