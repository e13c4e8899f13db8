"""Networks from their settings, and trained networks from a folder."""

import pkgutil
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model

from heelstrike.errors import UserError, one_line
from heelstrike.settings import Strict
from pipeline.models.network import Network
from pipeline.models.settings import ModelSettings
from pipeline.problem import Problem

WEIGHTS, SETTINGS = "weights.safetensors", "settings.json"


class _Trained(Strict, extra="ignore"):
    """What a trained network's settings.json must hold; how it was trained is there too, but not needed here."""

    problem: Problem
    model: ModelSettings


def build_model(problem: Problem, settings: ModelSettings) -> Network:
    """A network to train: fresh weights from torch's current random state, but where its layers are made for others.

    Raises:
        UserError: The architecture does not fit the problem's input, or published weights are not to be had.
    """
    network = _untrained(problem, settings)
    network.load_published()
    return network


def _untrained(problem: Problem, settings: ModelSettings) -> Network:
    finding = settings.misfit(problem)
    if finding:
        raise UserError(f"model: {finding}")
    network: Network = pkgutil.resolve_name(settings.network)(problem, settings)
    return network


def save_weights(network: Network, path: Path) -> None:
    """Write the weights as safetensors."""
    save_model(network, str(path))


def load_trained(folder: Path) -> Network:
    """The network that the train stage left in a folder, on the CPU, in evaluation mode.

    Args:
        folder: Holds weights.safetensors and settings.json, for instance models/rearfoot/train.

    Raises:
        UserError: A file is missing, cannot be read, or they do not belong together.
    """
    settings_file, weights = folder / SETTINGS, folder / WEIGHTS
    for path in (settings_file, weights):
        if not path.is_file():
            raise UserError(f"{path}: no trained network there; run the train stage first")
    try:
        trained = TypeAdapter(_Trained).validate_json(settings_file.read_bytes())
    except ValidationError as error:
        raise UserError(f"{settings_file}: not the settings of a trained network: {one_line(error)}") from None
    network = _untrained(trained.problem, trained.model)  # what it started from need not be here
    try:
        load_model(network, str(weights))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{weights}: not the weights of the network in {settings_file.name}: {error}") from None
    return network.eval()
