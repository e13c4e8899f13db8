"""Numbers as they are written for people: with a fixed number of digits, and never as a line of zeros."""

_MOST = 1e7  # from here on a number is written with a power of ten


def fixed(value: float, digits: int, signed: bool = False) -> str:
    """Return a finite number with a fixed number of digits after the point; `1.2e+300` if it is huge.

    Args:
        value: The number. What is zero when it is rounded has no minus.
        digits: Digits after the point.
        signed: True for a plus before a positive number and before zero.
    """
    sign = "+" if signed else ""
    if abs(value) >= _MOST:
        return f"{value:{sign}.1e}"
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}"


def rounded(value: float, digits: int = 2) -> str:
    """Return a finite number with some significant digits, without a power of ten unless it is huge: `0.43`, `120`."""
    if value == 0 or abs(value) >= _MOST:
        return fixed(value, 0)
    shown = f"{value:.{digits}g}"
    return fixed(float(shown), 0) if abs(float(shown)) >= 10**digits else shown
