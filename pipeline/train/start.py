"""What a training starts from: nothing, ImageNet's weights, or another network's, which lie under their digest."""

from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.layout import file_of_start
from pipeline.models.initial_weights import Taken, load_imagenet, read_weights, take_over
from pipeline.models.network import Network
from pipeline.train.settings import ModelStart, TrainSettings


def begin(network: Network, settings: TrainSettings, root: Path) -> Taken | None:
    """Put in what the settings start from; nothing of it is drawn from torch's random state.

    Args:
        network: Fresh; changed in place.
        settings: Of the training.
        root: The repository root.

    Returns:
        What was taken; none where the training starts from nothing.

    Raises:
        UserError: The weights are not there, were changed, or nothing of them fits.
    """
    start = settings.init_from
    if start is None:
        return None
    if isinstance(start, ModelStart):
        return take_over(network, read_weights(find_start(start, root)), start.reference)
    return load_imagenet(network)


def find_start(start: ModelStart, root: Path) -> Path:
    """The file of another network's weights.

    Raises:
        UserError: It is not there, or is not what it is named by; the message says which command fetches it.
    """
    path = file_of_start(root, start.weights)
    fetch = (
        f"`heelstrike init-from PROBLEM {start.reference}` fetches them, and so does `heelstrike retrain`"
        if start.version
        else f"copy the models/{start.model}/train/weights.safetensors of that SHA-256 there"
    )
    if not path.is_file():
        raise UserError(
            f"{path}: the weights of {start.reference}, which train.init_from names, are not there; {fetch}"
        )
    if (found := file_digest(path)) != start.weights:
        raise UserError(f"{path}: was changed, its SHA-256 is {found}; delete it, then {fetch}")
    return path


def told_start(settings: TrainSettings, taken: Taken) -> str:
    """What a training started from, in a line: `hand/4: 120 of 130 tensors, 1.20 of 1.25 M parameters`."""
    start = settings.init_from
    return f"{start.reference if isinstance(start, ModelStart) else 'ImageNet'}: {taken.line()}"


def start_summary(settings: TrainSettings, taken: Taken) -> dict[str, Any]:
    """The same with every tensor that was left, for summary.json."""
    return {"started_from": told_start(settings, taken), **taken.summary()}
