"""Settings of the search."""

from typing import Annotated

from pydantic import Field

from pipeline.models.settings import ModelSettings
from pipeline.problem import Strict


class Choice(Strict):
    """A setting to choose from a list."""

    choose: Annotated[tuple[bool | int | float | str, ...], Field(min_length=1)]


class Range(Strict):
    """A number to choose from an interval."""

    low: float
    high: float
    log: bool = False
    whole: Annotated[bool, Field(description="whole numbers only")] = False


class SearchSettings(Strict):
    """An Optuna study (TPE, median pruning) over whole architectures and single settings.

    `space` maps the path of a setting (`train.lr`, `model.dropout`, `augment.flip`) to what it may be; a path that the
    architecture of a trial does not have is left out of that trial.
    """

    trials: Annotated[int, Field(ge=0, description="0 trains the settings of params.yaml as they stand")] = 12
    epochs: Annotated[int, Field(ge=1, description="epochs of one trial")] = 5
    images: Annotated[int, Field(ge=1, description="at most so many training images in a trial")] = 256
    workers: Annotated[int, Field(ge=1, description="trials at once, each in a process of its own")] = 2
    architectures: Annotated[tuple[ModelSettings, ...], Field(description="candidates; none: only `model`")] = ()
    space: dict[str, Choice | Range] = {}
    seed: int = 1
