"""What the settings of every architecture say about it."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from heelstrike.settings import Strict
from pipeline.problem import Problem


class ArchitectureSettings(Strict, ABC):
    """Base of the settings; a subclass adds `name`, its own fields, its network, and what it needs of a problem."""

    if TYPE_CHECKING:
        name: str

    network: ClassVar[str]
    """The `pipeline.models.network.Network` that they are of, as `module:class`: reading settings needs no torch."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that the network has: what a training step may name, and what it says about an image."""
        return ("box", "keypoints")

    @property
    def learns_after(self) -> dict[str, str]:
        """Heads that build on another's answer, and can learn nothing before that one does: its name."""
        return {}

    @property
    def differentiable(self) -> bool:
        """Whether a loss of the coordinates that are read out teaches the whole network."""
        return True

    @property
    def brings_losses(self) -> bool:
        """Whether its losses are its own, so that `train.losses` cannot name others."""
        return False

    @property
    def imagenet(self) -> bool:
        """Whether a part of it can start from ImageNet's weights (`train.init_from`)."""
        return False

    @abstractmethod
    def misfit(self, problem: Problem) -> str | None:
        """Why the network cannot be built for the problem, or nothing."""


def too_deep(multiple: int, problem: Problem, instead: str) -> str | None:
    """Why a network whose coarsest cells cover so many pixels does not fit the problem's input, or nothing.

    Args:
        multiple: Input pixels per cell.
        problem: Whose input it is.
        instead: What to do about it.
    """
    smallest = min(problem.input.width, problem.input.height)
    if multiple <= smallest:
        return None
    return f"halves the image until a cell covers {multiple} px, but the input has only {smallest} px; use {instead}"
