"""Cells of delimited text as numbers, with a finding for each cell that is not one."""

import re

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pipeline.collect.findings import Findings

_EMPTY = frozenset({"", "nan", "na", "n/a", "null", "none"})
_LARGEST = 2.0**53  # above it not every whole number is a float
_PLAIN = frozenset("0123456789.+-eE")
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI][nN][fF])")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")

_COMMA_ADVICE = (
    "a comma is a decimal mark only where semicolons or tabs separate the cells and no number has a decimal point; "
    "write it as 1234.5"
)


def numbers(
    cells: pd.Series, column: str, rows: Int[np.ndarray, " N"], findings: Findings, decimal_comma: bool = False
) -> Float[np.ndarray, " N"]:
    """Read a column of text as numbers: NaN if a cell is empty, a finding if it holds something else.

    Args:
        cells: Cells without surrounding blanks. Numbers are written with the digits 0 to 9, and may have an exponent.
        column: Name of the column, for messages.
        rows: Line of each cell, for messages.
        findings: Gets the findings.
        decimal_comma: True if a comma is the decimal mark (see `Sheet`).
    """
    text = cells.to_numpy()
    if not set("".join(text)) <= _PLAIN:  # pandas reads more than numbers in digits 0 to 9, such as True and 0x10
        points = [cell.replace(",", ".") if decimal_comma and _COMMA.fullmatch(cell) else cell for cell in text]
        cells = pd.Series([cell if _NUMBER.fullmatch(cell) else "" for cell in points], dtype="str")
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    unread = np.flatnonzero(np.isnan(values))
    wrong = np.array([i for i in unread if text[i].lower() not in _EMPTY], dtype=np.int64)
    findings.add_each(
        wrong,
        lambda i: (
            f"row {rows[i]}, column {column}: found {text[i][:60]!r}, expected a number; "
            + (_COMMA_ADVICE if "," in text[i] else "correct it or leave it empty")
        ),
    )
    return values


def whole_numbers(
    cells: pd.Series, column: str, rows: Int[np.ndarray, " N"], findings: Findings
) -> Int[np.ndarray, " N"]:
    """Read a column of text as whole numbers; -1 if a cell is empty."""
    values = numbers(cells, column, rows, findings)
    fractional = np.flatnonzero((np.abs(values) > _LARGEST) | (np.isfinite(values) & (values != np.round(values))))
    findings.add_each(
        fractional, lambda i: f"row {rows[i]}, column {column}: found {values[i]}, expected a whole number"
    )
    return np.where(np.abs(values) <= _LARGEST, values, -1).astype(np.int64)


def positive(
    cells: pd.Series, column: str, rows: Int[np.ndarray, " N"], findings: Findings, decimal_comma: bool = False
) -> Float[np.ndarray, " N"]:
    """Read a column of text as numbers above zero; NaN if a cell is empty."""
    values = numbers(cells, column, rows, findings, decimal_comma)
    wrong = np.flatnonzero((values <= 0) | np.isinf(values))
    findings.add_each(wrong, lambda i: f"row {rows[i]}, column {column}: found {values[i]}, expected a number above 0")
    return values
