"""Delimited text (CSV): its encoding, its delimiter, its quotes, and rows with their line numbers."""

import codecs
import csv
import itertools
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
import pandas as pd
from jaxtyping import Int

from heelstrike.errors import UserError
from heelstrike.spreadsheet import plain_cell
from pipeline.collect.findings import Findings
from pipeline.names import normal_form

_DELIMITERS = ",;\t"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATOR = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)  # Excel's own first line
_POINT, _COMMA = re.compile(r"[+-]?[0-9]*\.[0-9]+"), re.compile(r"[+-]?[0-9]*,[0-9]+")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
_AT_ONCE = 5000  # rows that are taken apart at once
_HINT = (
    "a quotation mark in a cell is written twice, and the cell stands between quotation marks; a stray one is removed"
)


class Rows(Sequence[list[str]]):
    """Rows of cells, each of which is one text in memory: lists of texts would need five times as much.

    Args:
        rows: Rows of at least one cell. No cell holds a null character, which no text file has.
    """

    def __init__(self, rows: Iterable[list[str]]) -> None:
        self._rows = ["\0".join(row) for row in rows]

    @overload
    def __getitem__(self, place: int) -> list[str]: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[str]]: ...
    def __getitem__(self, place: int | slice) -> list[str] | list[list[str]]:
        if isinstance(place, slice):
            return [row.split("\0") for row in self._rows[place]]
        return self._rows[place].split("\0")

    def __len__(self) -> int:
        return len(self._rows)


class Sheet(NamedTuple):
    """The content of a file.

    Attributes:
        rows: Cells without surrounding blanks, headers included and blank rows left out; rows may differ in length.
        lines: The line on which each row ends, from 1.
        decimal_comma: True if the comma in ``100,5`` is a decimal mark.
    """

    rows: Rows
    lines: Int[np.ndarray, " N"]
    decimal_comma: bool


def read_sheet(path: Path, findings: Findings, header_rows: int = 1) -> Sheet:
    """Read a delimited text file.

    The text is UTF-8, UTF-16 with a byte order mark, or else Windows-1252, which is noted. The delimiter is stated by
    Excel's first line ``sep=;``, or is the one of comma, semicolon and tab that is most frequent in the first row
    outside quotation marks. A quoted cell may hold delimiters and doubled quotation marks. Lines end in LF, CR LF or
    CR.

    A stray quotation mark would join rows to one cell. So a quotation mark may only begin and end a cell, and a quoted
    cell over several lines must not hold the delimiter.

    Raises:
        UserError: The file is empty, is not text, has a stray quotation mark, or has no row below its headers.
    """
    text = normal_form(_text(path, findings)).replace("\r\n", "\n").replace("\r", "\n")
    first = text.lstrip("\n").partition("\n")[0]
    stated = _SEPARATOR.fullmatch(first.strip(" "))
    delimiter = stated[1] if stated else max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
    lines = array("q")

    def numbered() -> Iterator[list[str]]:
        for row, line in itertools.islice(_filled(text, delimiter, findings), int(stated is not None), None):
            lines.append(line)
            yield row

    rows = Rows(numbered())
    findings.raise_any()
    if len(rows) <= header_rows:
        flaw = "empty" if not rows else "a header without rows"
        raise UserError(f"{findings.where}: {flaw}; expected a header and a row per labelled frame")
    decimal_comma = delimiter != "," and _has_decimal_commas(rows[header_rows:], delimiter)
    return Sheet(rows, np.array(lines), decimal_comma)


def read_rows(path: Path, findings: Findings, header_rows: int = 1) -> tuple[list[list[str]], Int[np.ndarray, " N"]]:
    """Return the rows of `read_sheet` and the line on which each ends."""
    sheet = read_sheet(path, findings, header_rows)
    return sheet.rows[:], sheet.lines


def cells_of(sheet: Sheet, findings: Findings) -> pd.DataFrame:
    """Return the rows below a header of one row as text, by the columns' names.

    Columns without a name are left out, with a note unless they are empty and at the end: some programs end each row
    with a delimiter, and others write the rows' numbers first. The apostrophe before a text that a spreadsheet would
    take for a formula is no part of the text.
    """
    header = [plain_cell(name) for name in sheet.rows[0]]
    width = len(header)
    while width and not header[width - 1] and not any("".join(row[width - 1 :]) for row in sheet.rows):
        width -= 1
    parts = []
    for start in range(1, len(sheet.rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        rows = same_width(sheet.rows[part], sheet.lines[part], width, findings)
        body = [[plain_cell(cell) for cell in row] for row in rows]
        parts.append(pd.DataFrame(body, columns=pd.RangeIndex(width), dtype="str"))
    named = [column for column in range(width) if header[column]]
    if len(named) < width:
        findings.note(f"{width - len(named)} columns without a name are not used")
    table = pd.concat(parts, ignore_index=True)[named]
    return table.set_axis([header[column] for column in named], axis=1)


def same_width(
    rows: list[list[str]], lines: Int[np.ndarray, " N"], width: int, findings: Findings, short: bool = False
) -> list[list[str]]:
    """Cut or pad rows to `width` cells, a finding for each that is longer, or shorter unless `short` allows it.

    Empty cells at the end of a longer row are no finding.
    """
    rows = [_without_end(row, width) for row in rows]
    widths = np.array([len(row) for row in rows])
    ragged = np.flatnonzero((widths > width) | (~short & (widths < width)))
    findings.add_each(ragged, lambda i: f"row {lines[i]}: {widths[i]} cells, expected {width} as in the header")
    return [row if len(row) == width else (row + [""] * width)[:width] for row in rows]


def _has_decimal_commas(rows: list[list[str]], delimiter: str) -> bool:
    """Return True if commas in numbers are decimal marks and cannot be anything else; no comma separates cells.

    Where numbers have decimal points, a comma may separate thousands, and so it may between tabs if three digits follow
    every comma.
    """
    cells = [cell for row in rows for cell in row]
    if any(_POINT.fullmatch(cell) for cell in cells):
        return False
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    return bool(commas) and (delimiter == ";" or not all(_THOUSANDS.fullmatch(cell) for cell in commas))


def _without_end(row: list[str], width: int) -> list[str]:
    return row[:width] if len(row) > width and not any(row[width:]) else row


def _text(path: Path, findings: Findings) -> str:
    data = path.read_bytes()
    try:
        if data.startswith(_UTF16):
            return _without_nulls(data.decode("utf-16"), findings)
        text = _without_nulls(data.decode("utf-8-sig", errors="surrogateescape"), findings)
        if not re.search(r"[\udc80-\udcff]", text):
            return text
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UserError(f"{findings.where}: not a CSV file in UTF-8 ({error}); save it again as such") from None
    findings.note("not UTF-8; read as Windows-1252, which is right if accents and umlauts are")
    return text


def _without_nulls(text: str, findings: Findings) -> str:
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(
            f"{findings.where}: not a CSV file in UTF-8 (line {line} holds a null character); save it again as such"
        )
    return text


def _filled(text: str, delimiter: str, findings: Findings) -> Iterator[tuple[list[str], int]]:
    """Yield the rows that are not blank."""
    return (pair for pair in _rows(text, delimiter, findings) if any(pair[0]))


def _rows(text: str, delimiter: str, findings: Findings) -> Iterator[tuple[list[str], int]]:
    """Yield the cells of each row and the line on which it ends; a finding for each stray quotation mark."""
    legal = _legal_row(delimiter)
    lines = list[str]()  # those of the row at hand

    def remembered() -> Iterator[str]:
        begin = 0
        while begin < len(text):  # StringIO would copy the text, four bytes a character
            end = text.find("\n", begin) + 1 or len(text)
            lines.append(text[begin:end])
            begin = end
            yield lines[-1]

    reader = csv.reader(remembered(), delimiter=delimiter, skipinitialspace=True)
    while True:
        lines.clear()
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(
                f"{findings.where}: not a CSV file (row {start}: {error}); remove a stray quotation mark"
            ) from None
        raw = "".join(lines)
        if '"' in raw and not legal.fullmatch(raw.removesuffix("\n")):
            findings.add(f"row {start}: a quotation mark does not begin or end a cell: {raw.strip()[:60]!r}; {_HINT}")
        elif len(lines) > 1 and any("\n" in cell and delimiter in cell for cell in row):
            findings.add(
                f"row {start}: a quoted cell goes on to line {reader.line_num} and holds whole cells of it; {_HINT}"
            )
        yield [cell.strip() for cell in row], reader.line_num


def _legal_row(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a row whose quotation marks begin and end cells."""
    cell = rf' *+(?:"(?:[^"]|"")*+" *+|[^"{delimiter}]*+)'
    return re.compile(rf"{cell}(?:{delimiter}{cell})*+")
