"""Cells of CSV files that people open in a spreadsheet, which takes some texts for formulas and evaluates them."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""First characters of a formula, as OWASP's page on CSV injection lists them."""
_GUARD = "'"


def safe_cell(text: str) -> str:
    """Return a text with an apostrophe before it if it would be a formula for a spreadsheet. Numbers stay the same.

    A text that looks as if it had such an apostrophe already gets one too, so that `plain_cell` returns every text.
    """
    return f"{_GUARD}{text}" if _needs_guard(text) else text


def plain_cell(text: str) -> str:
    """Return the text of which `safe_cell` made a cell."""
    return text[1:] if text.startswith(_GUARD) and _needs_guard(text[1:]) else text


def _needs_guard(text: str) -> bool:
    text = text.lstrip(_GUARD) or text
    if not (text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)):
        return False
    try:
        float(text.replace(",", "."))
    except ValueError:
        return True
    return False
