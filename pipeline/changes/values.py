"""Settings that differ between two nested tables."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT = object()


def changed_values(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield `PATH: OLD → NEW` for each value that differs; lists are compared as a whole unless they hold tables.

    Args:
        old: Value before: a number, text, list or table.
        new: Value now.
        path: Path of the two, with dots between keys.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            below = f"{path}.{key}" if path else str(key)
            yield from changed_values(old.get(key, _ABSENT), new.get(key, _ABSENT), below)
    elif _are_tables(old) and _are_tables(new) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from changed_values(before, after, f"{path}[{number}]")
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield f"{path}: {_text(old)} → {_text(new)}"


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _text(value: Any) -> str:
    return "not set" if value is _ABSENT else json.dumps(value, ensure_ascii=False, default=str)
