"""Tables that people open in a spreadsheet."""

import pandas as pd

from heelstrike.spreadsheet import safe_cell


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which no text and no name of a column is a formula for a spreadsheet. Numbers stay the same."""
    texts = {
        column: table[column].map(lambda cell: safe_cell(cell) if isinstance(cell, str) else cell)
        for column in table.columns
        if not pd.api.types.is_numeric_dtype(table[column])
    }
    return table.assign(**texts).rename(columns=safe_cell)
