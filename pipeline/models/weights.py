"""Weights that torchvision publishes, from torch's cache: nothing is downloaded here."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.errors import UserError


def cached_weights(weights: Any, setting: str, name: str, otherwise: str) -> dict[str, Tensor]:
    """Published weights that lie in torch's cache.

    Args:
        weights: A member of one of torchvision's enums of weights.
        setting: Path of the setting that asks for them, for the message: `train.init_from`.
        name: Of the network, for the message.
        otherwise: What else can be done, for the message.

    Raises:
        UserError: They are not there.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not path.is_file():
        raise UserError(
            f"{setting}: the pretrained weights of {name} are not at {path}; put {weights.url} there, {otherwise}"
        )
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
