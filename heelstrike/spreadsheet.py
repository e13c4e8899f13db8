"""Cells of CSV files that people open in a spreadsheet, which takes some texts for formulas and evaluates them."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""First characters of a formula, as OWASP's page on CSV injection lists them."""


def safe_cell(text: str) -> str:
    """Return a text with an apostrophe before it if it would be a formula for a spreadsheet. Numbers stay the same."""
    if not (text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)):
        return text
    try:
        float(text.replace(",", "."))
    except ValueError:
        return f"'{text}"
    return text
