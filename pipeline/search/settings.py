"""Settings of the search."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict
from pipeline.models.settings import ModelSettings
from pipeline.search.entries import Choice, Range, Settings, Value, changed, has_setting, in_order
from pipeline.search.entry_checks import impossible

ARCHITECTURE = "architecture"
Objective = Literal["error", "compute", "size"]


class SearchSettings(Strict):
    """An Optuna study (TPE, successive halving) over whole architectures and single settings; see docs/search.md.

    `space` maps the path of a setting (`train.lr`, `train.losses.box`, `model.dropout`) to its possible values. A path
    that the architecture of a trial does not have is left out of that trial. The first trial has the settings of
    params.yaml; another trial must beat it by `margin` to be chosen.
    """

    trials: Annotated[int, Field(ge=0, description="0 trains the settings of params.yaml without a search")] = 12
    epochs: Annotated[int, Field(ge=1, description="epochs of the last rung of a trial")] = 5
    images: Annotated[
        int,
        Field(ge=2, description="largest number of training images in the last rung; half of it for validation images"),
    ] = 256
    rungs: Annotated[
        int, Field(ge=1, le=8, description="trainings of growing length that a trial goes through; 1: no pruning")
    ] = 3
    reduction: Annotated[
        int, Field(ge=2, description="from a rung to the next, epochs times images are so many times as much")
    ] = 3
    keep: Annotated[
        float,
        Field(gt=0, le=1, description="share of the trials that goes on to the next rung; the others are pruned"),
    ] = 0.5
    brackets: Annotated[
        int, Field(ge=1, description="Hyperband: trials of bracket s begin at rung s; 1: all begin at the first rung")
    ] = 1
    window: Annotated[
        int,
        Field(
            ge=1,
            description="trial n knows the outcomes of the trials up to n - window, and up to window trials run "
            "at once; the result depends on it, but not on the number of workers",
        ),
    ] = 2
    startup: Annotated[
        int,
        Field(
            ge=1,
            description="trials that must have ended before TPE begins, those of params.yaml and `first` included; "
            "until then new ones are random",
        ),
    ] = 4
    first: Annotated[
        tuple[dict[str, Value], ...],
        Field(
            description="settings that are tried right after those of params.yaml, for instance the champion's and the "
            "best of earlier studies; `heelstrike search warm-start` prints them"
        ),
    ] = ()
    objectives: Annotated[
        tuple[Objective, ...],
        Field(
            min_length=1,
            description="what is minimised: error first; then compute (GFLOPs of a prediction), size (MB of weights)",
        ),
    ] = ("error",)
    within: Annotated[
        float,
        Field(
            ge=0,
            description="with several objectives: of the trials whose error is larger than the lowest by at most this "
            "share, the one that is best in the second objective is chosen",
        ),
    ] = 0.05
    margin: Annotated[
        float,
        Field(ge=0, lt=1, description="share by which a trial must beat params.yaml, since short trials are noisy"),
    ] = 0.1
    patience: Annotated[
        int,
        Field(ge=0, description="trials in a row without an error lower by one percent, after which it ends; 0: never"),
    ] = 0
    max_epochs: Annotated[
        float | None,
        Field(gt=0, description="no trial begins after so many epochs of `images` images in all; null: no limit"),
    ] = None
    max_hours: Annotated[
        float | None,
        Field(gt=0, description="no trial begins after so many hours, the sum over all trials; null: no limit"),
    ] = None
    architectures: Annotated[
        tuple[ModelSettings, ...], Field(description="architectures to search, in addition to `model`")
    ] = ()
    space: Annotated[dict[str, Choice | Range], Field(description="path of a setting: its possible values")] = {}
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of TPE's proposals")] = 1

    @model_validator(mode="after")
    def _space_is_possible(self) -> Self:
        findings = [finding for path, entry in self.space.items() for finding in impossible(path, entry, self.space)]
        if findings:
            raise ValueError("; ".join(findings))
        in_order(self.space)
        return self

    @model_validator(mode="after")
    def _first_is_in_the_space(self) -> Self:
        for number, values in enumerate(self.first):
            for path, value in values.items():
                where = f"first.{number} has {path} {value!r}, "
                if path != ARCHITECTURE and path not in self.space:
                    raise ValueError(f"{where}which space does not vary; remove it, or add {path} to space")
                if path != ARCHITECTURE and not self.space[path].holds(value):
                    raise ValueError(f"{where}which space.{path} does not allow")
        return self

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.objectives[0] != "error" or len(set(self.objectives)) < len(self.objectives):
            raise ValueError(f"objectives must begin with error and have none twice, found {list(self.objectives)}")
        if self.brackets > self.rungs:
            raise ValueError(f"brackets {self.brackets} must not be more than rungs {self.rungs}")
        return self

    def variants(self, section: str, settings: Settings) -> Iterator[Settings]:
        """Yield a section of params with each extreme value that the space gives one of its settings.

        What its condition wants of the same section is set first.
        """
        for path, entry in self.space.items():
            first, *names = path.split(".")
            if first == section and has_setting(settings, names):
                base = self._meeting(section, settings, entry)
                yield from (changed(base, names, value) for value in entry.extremes)

    def _meeting(self, section: str, settings: Settings, entry: Choice | Range) -> Settings:
        for path, values in entry.when.items():
            first, *names = path.split(".")
            if first == section and path in self.space and has_setting(settings, names):
                settings = changed(settings, names, values[0])
        return settings
