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
    """A setting that is chosen from a list."""

    choose: Annotated[tuple[Value, ...], Field(min_length=1, description="possible values")]

    @property
    def extremes(self) -> tuple[Value, ...]:
        """All values; each of them must be valid."""
        return self.choose


class Range(Strict):
    """A number that is chosen from an interval."""

    low: Annotated[float, Field(description="smallest value")]
    high: Annotated[float, Field(description="largest value")]
    log: Annotated[bool, Field(description="draw on a logarithmic scale")] = False
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
        """Both ends of the interval; each of them must be valid."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)


class SearchSettings(Strict):
    """An Optuna study (TPE, median pruning) over whole architectures and single settings.

    `space` maps the path of a setting (`train.lr`, `train.losses.box`, `model.dropout`) to its possible values. A path
    that the architecture of a trial does not have is left out of that trial. The first trial has the settings of
    params.yaml; another trial must beat it by `margin` to be chosen.
    """

    trials: Annotated[int, Field(ge=0, description="0 trains the settings of params.yaml without a search")] = 12
    epochs: Annotated[int, Field(ge=1, description="epochs of one trial")] = 5
    images: Annotated[
        int, Field(ge=2, description="largest number of training images of a trial; half of it for validation images")
    ] = 256
    window: Annotated[
        int,
        Field(
            ge=1,
            description="trial n knows the outcomes of the trials up to n - window, and up to window trials run "
            "at once; the result depends on it, but not on the number of workers",
        ),
    ] = 2
    margin: Annotated[
        float,
        Field(ge=0, lt=1, description="share by which a trial must beat params.yaml, since short trials are noisy"),
    ] = 0.1
    startup: Annotated[int, Field(ge=1, description="number of random trials before TPE begins")] = 4
    prune_after: Annotated[int, Field(ge=0, description="number of epochs before a trial may be pruned")] = 1
    architectures: Annotated[
        tuple[ModelSettings, ...], Field(description="architectures to search, in addition to `model`")
    ] = ()
    space: Annotated[dict[str, Choice | Range], Field(description="path of a setting: its possible values")] = {}
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of TPE's proposals")] = 1

    @model_validator(mode="after")
    def _space_is_possible(self) -> Self:
        findings = [finding for path, values in self.space.items() for finding in _impossible(path, values)]
        if findings:
            raise ValueError("; ".join(findings))
        return self

    def variants(self, section: str, settings: Settings) -> Iterator[Settings]:
        """Yield a section of params with each extreme value that the space gives one of its settings."""
        for path, values in self.space.items():
            first, *names = path.split(".")
            if first == section and has_setting(settings, names):
                yield from (_changed(settings, names, value) for value in values.extremes)


def has_setting(settings: BaseModel, names: list[str]) -> bool:
    """True if these settings have a setting at this path."""
    for name in names:
        if not isinstance(settings, BaseModel) or name not in type(settings).model_fields:
            return False
        settings = getattr(settings, name)
    return True


def _changed(settings: Settings, names: list[str], value: Any) -> Settings:
    first, *rest = names
    inner = _changed(getattr(settings, first), rest, value) if rest else value
    return type(settings).model_validate({**dict(settings), first: inner})


def _impossible(path: str, values: Choice | Range) -> list[str]:
    """Return the reasons why a path of the space cannot be searched; empty if it can."""
    section, *names = path.split(".")
    sections: dict[str, tuple[Any, ...]] = {
        "model": tuple(ARCHITECTURES.values()),
        "train": (TrainSettings,),
        "augment": (AugmentSettings,),
    }
    fields = _fields(sections.get(section, ()), names)
    if not fields or names[-1] == "name":
        name = (
            f"which is now {RENAMED[path]!r}"
            if path in RENAMED
            else "which is not a setting of model, train or augment"
        )
        return [f"space names {path!r}, {name}"]
    findings = []
    for value in values.extremes:
        refusals = [_refusal(field, value) for field in fields]
        # two networks may have different settings of one name; params validates those of the candidates
        if all(refusals):
            findings.append(f"space.{path} cannot be {value!r}: {refusals[0]}")
    return findings


def _refusal(field: FieldInfo, value: Any) -> str | None:
    """Return the reason why a setting cannot have a value, or `None` if it can."""
    annotation: Any = Annotated[(field.annotation, Field(), *field.metadata)]
    setting: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        setting.validate_python(value)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return None


def _fields(classes: Iterable[Any], names: list[str]) -> list[FieldInfo]:
    """Return the field at this path in each class that has it. Nested settings may be of any class of a union."""
    if not names:
        return []
    first, *rest = names
    fields = [cls.model_fields[first] for cls in classes if first in cls.model_fields]
    return _fields([cls for field in fields for cls in _classes(field.annotation)], rest) if rest else fields


def _classes(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [cls for part in get_args(annotation) for cls in _classes(part)]
