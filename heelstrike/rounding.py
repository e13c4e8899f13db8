"""Rounding of numbers for result files. JSON has no NaN, so a number that is not finite becomes `None`."""

import math
from typing import Any

import numpy as np
from jaxtyping import Shaped


def round_number(value: float | None, digits: int) -> float | None:
    """Return a rounded number; `None` if it is `None` or not finite."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def round_array(values: Shaped[np.ndarray, "*any"], digits: int) -> list[Any]:
    """Return an array as nested lists of rounded numbers, with `None` for numbers that are not finite."""
    return _round_list(values.astype(float).tolist(), digits)


def round_json(value: Any, digits: int) -> Any:
    """Return a JSON value with every float in it rounded."""
    if isinstance(value, dict):
        return {key: round_json(v, digits) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [round_json(v, digits) for v in value]
    return round_number(value, digits) if isinstance(value, float) else value


def _round_list(values: list[Any], digits: int) -> list[Any]:
    return [_round_list(v, digits) if isinstance(v, list) else round_number(v, digits) for v in values]
