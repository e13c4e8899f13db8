"""Published weights from torch's and Hugging Face's caches. Nothing is downloaded here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from heelstrike.errors import UserError


def cached_weights(weights: Any, setting: str, name: str, otherwise: str) -> dict[str, Tensor]:
    """Read published weights from torch's cache.

    Args:
        weights: Member of one of torchvision's enums of weights.
        setting: Path of the setting that asks for the weights, for the message, for instance `train.init_from`.
        name: Name of the network, for the message.
        otherwise: Alternative to putting the weights there, for the message.

    Raises:
        UserError: The weights are not in the cache.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not path.is_file():
        raise UserError(
            f"{setting}: the pretrained weights of {name} are not at {path}; put {weights.url} there, {otherwise}"
        )
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


@contextmanager
def from_hugging_face(encoder: str) -> Iterator[None]:
    """Turn the error for weights that are missing in Hugging Face's cache into one that says what to do.

    Raises:
        UserError: The weights are not in the cache.
    """
    try:
        yield
    except OSError as error:  # raised by huggingface_hub for an entry that is not in its cache
        raise UserError(
            f"train.init_from: ImageNet's weights of {encoder} are not in Hugging Face's cache ({error}); put them "
            "there on a machine with a network, or set `train.init_from: null` to train from scratch"
        ) from None
