"""What is wrong with an entry of the search space, found before anything runs."""

from collections.abc import Iterable
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from pipeline.augment.settings import AugmentSettings
from pipeline.models.settings import ARCHITECTURES
from pipeline.renamed_settings import RENAMED
from pipeline.search.entries import Choice, Entry
from pipeline.train.settings import TrainSettings


def impossible(path: str, entry: Entry, space: dict[str, Entry]) -> list[str]:
    """Return the reasons why a path of the space cannot be searched; empty if it can."""
    fields = _fields_at(path)
    if not fields or path.endswith(".name"):
        name = (
            f"which is now {RENAMED[path]!r}"
            if path in RENAMED
            else "which is not a setting of model, train or augment"
        )
        return [f"space names {path!r}, {name}"]
    findings = []
    for value in entry.extremes:
        refusals = [_refusal(field, value) for field in fields]
        # two networks may have different settings of one name; params validates those of the candidates
        if all(refusals):
            findings.append(f"space.{path} cannot be {value!r}: {refusals[0]}")
    return findings + [finding for other in entry.when for finding in _never(path, other, entry, space)]


def _never(path: str, other: str, entry: Entry, space: dict[str, Entry]) -> list[str]:
    """Return why a condition is never met; empty if it may be."""
    if not _fields_at(other):
        return [f"space.{path}.when names {other!r}, which is not a setting of model, train or augment"]
    searched = space.get(other)
    if isinstance(searched, Choice) and not searched.when and not set(entry.when[other]) & set(searched.choose):
        return [f"space.{path}.when wants {other} to be one of {list(entry.when[other])}, which space.{other} lacks"]
    return []


def _refusal(field: FieldInfo, value: Any) -> str | None:
    """Return the reason why a setting cannot have a value, or `None` if it can."""
    annotation: Any = Annotated[(field.annotation, Field(), *field.metadata)]
    setting: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        setting.validate_python(value)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return None


def _fields_at(path: str) -> list[FieldInfo]:
    section, *names = path.split(".")
    sections: dict[str, tuple[Any, ...]] = {
        "model": tuple(ARCHITECTURES.values()),
        "train": (TrainSettings,),
        "augment": (AugmentSettings,),
    }
    return _fields(sections.get(section, ()), names)


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
