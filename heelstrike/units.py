"""Units: of length, and how units are written after a number."""

MM_PER_INCH = 25.4

_SYMBOLS = {"deg": "°", "ratio": ""}


def symbol(unit: str) -> str:
    """A unit as it is written after a number: `°`, ` mm`; nothing for a ratio."""
    return _SYMBOLS.get(unit, f" {unit}")
