"""Units of length, and the notation of units after a number."""

MM_PER_INCH = 25.4

_SYMBOLS = {"deg": "°", "ratio": ""}


def symbol(unit: str) -> str:
    """Return a unit as it is written after a number: `°` for `deg`, ` mm` for `mm`, nothing for `ratio`."""
    return _SYMBOLS.get(unit, f" {unit}")
