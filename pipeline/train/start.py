"""Initial weights of a training: random, ImageNet's, or those of another network, stored by their digest."""

from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.layout import file_of_start
from pipeline.models.initial_weights import LoadedWeights, load_imagenet, load_matching, read_weights
from pipeline.models.network import Network
from pipeline.train.settings import ModelStart, TrainSettings


def load_pretrained(network: Network, settings: TrainSettings, root: Path) -> LoadedWeights | None:
    """Load the weights that `train.init_from` names into a network. Torch's random state is not used.

    Args:
        network: Network with random weights; it is changed in place.
        settings: Settings of the training.
        root: Repository root.

    Returns:
        The weights that were loaded; `None` if `train.init_from` is null.

    Raises:
        UserError: The weights are missing, were changed, or none of them fits.
    """
    start = settings.init_from
    if start is None:
        return None
    if isinstance(start, ModelStart):
        return load_matching(network, read_weights(find_start(start, root)), start.reference)
    return load_imagenet(network)


def find_start(start: ModelStart, root: Path) -> Path:
    """Return the path of another network's weights.

    Raises:
        UserError: The file is missing or does not have the digest; the message says how to get it.
    """
    path = file_of_start(root, start.weights)
    fetch = (
        f"`heelstrike init-from PROBLEM {start.reference}` fetches them, and so does `heelstrike retrain`"
        if start.version
        else f"copy models/{start.model}/train/weights.safetensors with that SHA-256 there"
    )
    if not path.is_file():
        raise UserError(
            f"{path}: the weights of {start.reference}, which train.init_from names, are not there; {fetch}"
        )
    if (digest := file_digest(path)) != start.weights:
        raise UserError(f"{path}: was changed, its SHA-256 is {digest}; delete it, then {fetch}")
    return path


def describe_start(settings: TrainSettings, pretrained: LoadedWeights) -> str:
    """Describe the initial weights in a line: `hand/4: 120 of 130 tensors, 1.20 of 1.25 M parameters`."""
    start = settings.init_from
    return f"{start.reference if isinstance(start, ModelStart) else 'ImageNet'}: {pretrained.line()}"


def start_summary(settings: TrainSettings, pretrained: LoadedWeights) -> dict[str, Any]:
    """Return the description and all counts of the initial weights, for summary.json."""
    return {"started_from": describe_start(settings, pretrained), **pretrained.summary()}
