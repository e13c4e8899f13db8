"""Builds networks from settings, and loads trained networks from a folder."""

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
    """The required part of a trained network's settings.json, which also holds training settings."""

    problem: Problem
    model: ModelSettings


def build_model(problem: Problem, settings: ModelSettings) -> Network:
    """A network to train, with random weights from torch's current state or, where its settings ask, published ones.

    Raises:
        UserError: The architecture does not fit the problem's input, or published weights are not available.
    """
    network = _untrained(problem, settings)
    network.load_published()
    return network


def _untrained(problem: Problem, settings: ModelSettings) -> Network:
    reason = settings.misfit(problem)
    if reason:
        raise UserError(f"model: {reason}")
    network: Network = pkgutil.resolve_name(settings.network)(problem, settings)
    return network


def save_weights(network: Network, path: Path) -> None:
    """Write the weights as safetensors."""
    save_model(network, str(path))


def load_trained(folder: Path) -> Network:
    """Load a trained network, on the CPU, in evaluation mode.

    Args:
        folder: Folder with weights.safetensors and settings.json, for instance models/rearfoot/train.

    Raises:
        UserError: A file is missing or cannot be read, or the two do not belong together.
    """
    settings_file, weights = folder / SETTINGS, folder / WEIGHTS
    for path in (settings_file, weights):
        if not path.is_file():
            raise UserError(f"{path}: no trained network there; run the train stage first")
    try:
        trained = TypeAdapter(_Trained).validate_json(settings_file.read_bytes())
    except ValidationError as error:
        raise UserError(f"{settings_file}: not the settings of a trained network: {one_line(error)}") from None
    network = _untrained(trained.problem, trained.model)  # published weights are not needed here
    try:
        load_model(network, str(weights))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{weights}: not the weights of the network in {settings_file.name}: {error}") from None
    return network.eval()
