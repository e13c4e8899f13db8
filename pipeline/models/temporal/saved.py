"""Trained temporal models as files: weights and settings beside those of the network."""

from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model

from heelstrike.errors import UserError, one_line
from heelstrike.files import write_json
from heelstrike.preprocess.windows import OddSlots, Slots
from heelstrike.settings import Strict
from pipeline.models.temporal.networks import TEMPORAL, Temporal

TEMPORAL_WEIGHTS, TEMPORAL_SETTINGS = "temporal.safetensors", "temporal.json"


class TemporalPlan(Strict):
    """What a trained temporal model is, and how it is to be judged and used."""

    network: Annotated[Literal["Transformer", "LSTM"], Field(description="architecture")]
    points: Annotated[int, Field(ge=1, description="number of keypoints")]
    width: Annotated[int, Field(ge=1, description="width of the hidden layers")]
    slots: Annotated[OddSlots, Field(description="slots of a window, odd")]
    step_s: Annotated[float, Field(gt=0, description="seconds from one slot to the next")]
    confidence: Annotated[float, Field(description="a keypoint of lower confidence does not count")]
    fill: Annotated[float, Field(description="largest radius of a missing keypoint's answer, as a share of the size")]
    margin: Annotated[float, Field(description="share by which error and trembling may be higher on usual videos")]
    history: Annotated[tuple[float, ...], Field(description="validation error before the first and after each epoch")]

    @property
    def window(self) -> Slots:
        """The window's slots."""
        return Slots(self.slots, self.step_s, self.confidence)

    def build(self) -> Temporal:
        """Return a network with random weights from torch's current state."""
        return TEMPORAL[self.network](self.points, self.slots, self.width)


def save_temporal(network: Temporal, plan: TemporalPlan, folder: Path) -> None:
    """Write weights and settings into a folder."""
    save_model(network, str(folder / TEMPORAL_WEIGHTS))
    write_json(folder / TEMPORAL_SETTINGS, plan.model_dump(mode="json"))


def load_temporal(folder: Path) -> tuple[Temporal, TemporalPlan] | None:
    """Load the temporal model of a trained network, in evaluation mode; `None` if it was trained without one.

    Args:
        folder: For instance models/rearfoot/train.

    Raises:
        UserError: A file is missing or cannot be read, or the two do not belong together.
    """
    settings, weights = folder / TEMPORAL_SETTINGS, folder / TEMPORAL_WEIGHTS
    if not settings.is_file() and not weights.is_file():
        return None
    try:
        plan = TemporalPlan.model_validate_json(settings.read_bytes())
        with torch.random.fork_rng(devices=[]):
            network = plan.build()
        load_model(network, str(weights))
    except ValidationError as error:
        raise UserError(f"{settings}: not the settings of a temporal model: {one_line(error)}") from None
    except (OSError, SafetensorError, RuntimeError) as error:
        raise UserError(f"{weights}: not the weights of the model in {settings.name}: {error}") from None
    network.eval()
    return network, plan
