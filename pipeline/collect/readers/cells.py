"""Cells of delimited text: rows with their line numbers, and numbers, with a finding for each cell that is not one."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings

_EMPTY = frozenset({"", "nan", "na", "n/a", "null", "none"})


def read_rows(path: Path, findings: Findings, header_rows: int = 1) -> tuple[list[list[str]], Int[np.ndarray, " N"]]:
    """Read all rows of a delimited text file, including headers but not blank rows.

    The delimiter (comma, semicolon or tab) is the one that is most frequent in the first line.

    Returns:
        Rows of cells without surrounding blanks, which may differ in length; the line on which each row ends, from 1.

    Raises:
        UserError: The file is empty, is not text, or has no row below its header.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            first = stream.readline()
            delimiter = max(",;\t", key=first.count)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter)
            pairs = [(row, reader.line_num) for row in reader if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{findings.where}: not a CSV file in UTF-8 ({error}); save it again as such") from None
    if len(pairs) <= header_rows:
        flaw = "empty" if not pairs else "a header without rows"
        raise UserError(f"{findings.where}: {flaw}; expected a header and a row per labelled frame")
    rows, lines = [[cell.strip() for cell in row] for row, _ in pairs], np.array([line for _, line in pairs])
    return rows, lines


def same_width(
    rows: list[list[str]], lines: Int[np.ndarray, " N"], width: int, findings: Findings, short: bool = False
) -> list[list[str]]:
    """Cut or pad rows to `width` cells; add a finding for each that is longer, or shorter unless `short` allows it."""
    widths = np.array([len(row) for row in rows])
    ragged = np.flatnonzero((widths > width) | (~short & (widths < width)))
    findings.add_each(ragged, lambda i: f"row {lines[i]}: {widths[i]} cells, expected {width} as in the header")
    return [row if len(row) == width else (row + [""] * width)[:width] for row in rows]


def numbers(cells: pd.Series, column: str, rows: Int[np.ndarray, " N"], findings: Findings) -> Float[np.ndarray, " N"]:
    """Read a column of text as numbers: NaN if a cell is empty, a finding if it holds something else."""
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    unreadable = np.flatnonzero(np.isnan(values))
    text = cells.to_numpy()
    wrong = np.array([i for i in unreadable if text[i].lower() not in _EMPTY], dtype=np.int64)
    findings.add_each(
        wrong,
        lambda i: f"row {rows[i]}, column {column}: found {text[i]!r}, expected a number; correct it or leave it empty",
    )
    return values


def whole_numbers(
    cells: pd.Series, column: str, rows: Int[np.ndarray, " N"], findings: Findings
) -> Int[np.ndarray, " N"]:
    """Read a column of text as whole numbers; -1 if a cell is empty."""
    values = numbers(cells, column, rows, findings)
    fractional = np.flatnonzero(np.isfinite(values) & (values != np.round(values)) | np.isinf(values))
    findings.add_each(
        fractional, lambda i: f"row {rows[i]}, column {column}: found {values[i]}, expected a whole number"
    )
    return np.where(np.isfinite(values), values, -1).astype(np.int64)


def positive(cells: pd.Series, column: str, rows: Int[np.ndarray, " N"], findings: Findings) -> Float[np.ndarray, " N"]:
    """Read a column of text as numbers above zero; NaN if a cell is empty."""
    values = numbers(cells, column, rows, findings)
    wrong = np.flatnonzero((values <= 0) | np.isinf(values))
    findings.add_each(wrong, lambda i: f"row {rows[i]}, column {column}: found {values[i]}, expected a number above 0")
    return values
