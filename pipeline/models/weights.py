"""Published weights, from torch's and Hugging Face's caches: nothing is downloaded here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from heelstrike.errors import UserError


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


@contextmanager
def from_hugging_face(encoder: str) -> Iterator[None]:
    """Say what to do where ImageNet's weights of an encoder are asked for and are not in Hugging Face's cache.

    Raises:
        UserError: They are not there.
    """
    try:
        yield
    except OSError as error:  # huggingface_hub's of an entry that is not in its cache
        raise UserError(
            f"train.init_from: ImageNet's weights of {encoder} are not in Hugging Face's cache ({error}); put them "
            "there on a machine with a network, or set `train.init_from: null` to train from scratch"
        ) from None
