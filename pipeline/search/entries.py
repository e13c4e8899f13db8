"""Entries of the search space: the values that a setting may have, and the conditions under which it is varied."""

from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from heelstrike.settings import Strict

Value = bool | int | float | str
Settings = TypeVar("Settings", bound=BaseModel)

When = Annotated[
    dict[str, Annotated[tuple[Value, ...], Field(min_length=1)]],
    Field(
        description="path of another setting: its values with which this one is varied; with others, it stays as it is"
    ),
]


class Choice(Strict):
    """A setting that is chosen from a list."""

    choose: Annotated[tuple[Value, ...], Field(min_length=1, description="possible values")]
    when: When = {}

    @property
    def extremes(self) -> tuple[Value, ...]:
        """All values; each of them must be valid."""
        return self.choose

    def holds(self, value: Any) -> bool:
        """True if the setting may have this value."""
        return value in self.choose


class Range(Strict):
    """A number that is chosen from an interval."""

    low: Annotated[float, Field(description="smallest value")]
    high: Annotated[float, Field(description="largest value")]
    log: Annotated[bool, Field(description="draw on a logarithmic scale")] = False
    whole: Annotated[bool, Field(description="whole numbers only")] = False
    when: When = {}

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

    def holds(self, value: Any) -> bool:
        """True if the setting may have this value."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (not self.whole or value % 1 == 0)


Entry = Choice | Range


def in_order(space: dict[str, Entry]) -> list[str]:
    """Return the paths in the order of drawing: sorted, but each after those in its condition.

    The order decides which values are drawn, so it does not depend on the order in the file.

    Raises:
        ValueError: Conditions depend on each other in a circle.
    """
    ordered: list[str] = []
    rest = sorted(space)
    while rest:
        ready = next((path for path in rest if not any(other in rest for other in space[path].when)), None)
        if ready is None:
            raise ValueError(f"space: the conditions (when) of {', '.join(rest)} depend on each other in a circle")
        ordered.append(ready)
        rest.remove(ready)
    return ordered


def has_setting(settings: BaseModel, names: list[str]) -> bool:
    """True if these settings have a setting at this path."""
    for name in names:
        if not isinstance(settings, BaseModel) or name not in type(settings).model_fields:
            return False
        settings = getattr(settings, name)
    return True


def changed(settings: Settings, names: list[str], value: Any) -> Settings:
    """Return these settings with another value at a path.

    Raises:
        ValidationError: The setting cannot have this value.
    """
    first, *rest = names
    inner = changed(getattr(settings, first), rest, value) if rest else value
    return type(settings).model_validate({**dict(settings), first: inner})
