"""Settings of the search."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from heelstrike.settings import Strict
from pipeline.augment.settings import AugmentSettings
from pipeline.models.settings import ARCHITECTURES, ModelSettings
from pipeline.renamed_settings import RENAMED
from pipeline.train.settings import TrainSettings

Value = bool | int | float | str
Settings = TypeVar("Settings", bound=BaseModel)


class Choice(Strict):
    """A setting to choose from a list."""

    choose: Annotated[tuple[Value, ...], Field(min_length=1)]

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values that must all be possible."""
        return self.choose


class Range(Strict):
    """A number to choose from an interval."""

    low: float
    high: float
    log: bool = False
    whole: Annotated[bool, Field(description="whole numbers only")] = False

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low {self.low} must be above 0 for a logarithmic range")
        if self.whole and (self.low % 1 or self.high % 1):
            raise ValueError(f"low {self.low} and high {self.high} must be whole numbers")
        return self

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values that must all be possible."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)


class SearchSettings(Strict):
    """An Optuna study (TPE, median pruning) over whole architectures and single settings.

    `space` maps the path of a setting (`train.lr`, `train.losses.box`, `model.dropout`) to what it may be; a path that
    the architecture of a trial does not have is left out of that trial. The first trial is the settings of params.yaml
    as they stand; another must beat it by `margin` to take its place.
    """

    trials: Annotated[int, Field(ge=0, description="0 trains the settings of params.yaml as they stand")] = 12
    epochs: Annotated[int, Field(ge=1, description="epochs of one trial")] = 5
    images: Annotated[
        int, Field(ge=2, description="at most so many training images in a trial, and half as many for validation")
    ] = 256
    workers: Annotated[
        int, Field(ge=1, description="trials at once, each in a process of its own; the result depends on it")
    ] = 2
    margin: Annotated[
        float,
        Field(ge=0, lt=1, description="share by which a trial must beat the given settings: short trials are noisy"),
    ] = 0.1
    startup: Annotated[int, Field(ge=1, description="trials at random before TPE begins")] = 4
    prune_after: Annotated[int, Field(ge=0, description="epochs before a trial may be pruned")] = 1
    architectures: Annotated[tuple[ModelSettings, ...], Field(description="candidates beside `model`")] = ()
    space: dict[str, Choice | Range] = {}
    seed: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _space_is_possible(self) -> Self:
        findings = [finding for path, what in self.space.items() for finding in _impossible(path, what)]
        if findings:
            raise ValueError("; ".join(findings))
        return self

    def variants(self, section: str, settings: Settings) -> Iterator[Settings]:
        """A section of params with each extreme value that the space gives one of its settings."""
        for path, what in self.space.items():
            first, *names = path.split(".")
            if first == section and has_setting(settings, names):
                yield from (_changed(settings, names, value) for value in what.extremes)


def has_setting(settings: BaseModel, names: list[str]) -> bool:
    """Whether there is a setting of this path, given what was chosen on the way to it."""
    for name in names:
        if not isinstance(settings, BaseModel) or name not in type(settings).model_fields:
            return False
        settings = getattr(settings, name)
    return True


def _changed(settings: Settings, names: list[str], value: Any) -> Settings:
    first, *rest = names
    inner = _changed(getattr(settings, first), rest, value) if rest else value
    return type(settings).model_validate({**dict(settings), first: inner})


def _impossible(path: str, what: Choice | Range) -> list[str]:
    section, *names = path.split(".")
    sections: dict[str, tuple[Any, ...]] = {
        "model": tuple(ARCHITECTURES.values()),
        "train": (TrainSettings,),
        "augment": (AugmentSettings,),
    }
    fields = _fields(sections.get(section, ()), names)
    if not fields or names[-1] == "name":
        name = (
            f"which is now {RENAMED[path]!r}" if path in RENAMED else "which is no setting of model, train or augment"
        )
        return [f"space names {path!r}, {name}"]
    findings = []
    for value in what.extremes:
        refused = [_refusal(field, value) for field in fields]
        # a name of a setting may stand for different things in two networks; the candidates' own are tried by params
        if all(refused):
            findings.append(f"space.{path} cannot be {value!r}: {refused[0]}")
    return findings


def _refusal(field: FieldInfo, value: Any) -> str | None:
    """Why a setting cannot have a value, or nothing."""
    kind: Any = Annotated[(field.annotation, Field(), *field.metadata)]
    setting: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        setting.validate_python(value)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return None


def _fields(classes: Iterable[Any], names: list[str]) -> list[FieldInfo]:
    """The setting of this path in each class that has it; nested settings may be one of several classes."""
    if not names:
        return []
    first, *rest = names
    found = [cls.model_fields[first] for cls in classes if first in cls.model_fields]
    return _fields([cls for field in found for cls in _classes(field.annotation)], rest) if rest else found


def _classes(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [cls for part in get_args(annotation) for cls in _classes(part)]
