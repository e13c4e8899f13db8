"""Number formats of report, gates and terminal."""

import math

_MINUS = "\N{MINUS SIGN}"


def number(value: float | int | None, unit: str = "") -> str:
    """A number with about three significant digits; a dash if it is `None` or not finite."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if isinstance(value, int) or size < 5e-4:
        return f"{value:.0f}{unit}".replace("-0", "0").replace("-", _MINUS)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.095 else 3
    return f"{value:.{digits}f}{unit}".replace("-", _MINUS)


def share(value: float) -> str:
    """A share as a percentage."""
    return number(100 * value, " %")


def span(low: float, high: float, unit: str = "") -> str:
    """An interval; a dash if an end is NaN."""
    return "–" if math.isnan(low) or math.isnan(high) else f"{number(low)} to {number(high)}{unit}"
