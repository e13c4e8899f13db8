"""Delimited text: encodings, delimiters, decimal commas, quotes and numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings
from pipeline.collect.readers.cells import numbers, whole_numbers
from pipeline.collect.readers.delimited import cells_of, read_sheet

EUROPEAN = "image;subject;a_x;a_y\n0.png;Jörg;100,5;80,25\n1.png;p1;101,5;80\n"


@pytest.fixture
def table(tmp_path: Path):
    """Reads a text or bytes; numbers of the columns that end in _x or _y."""

    def read(content: str | bytes) -> pd.DataFrame:
        path = tmp_path / "labels.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        read.findings = findings = Findings("labels.csv")
        sheet = read_sheet(path, findings)
        cells = cells_of(sheet, findings)
        for column in [c for c in cells if c.endswith(("_x", "_y"))]:
            cells[column] = numbers(cells[column], column, sheet.lines[1:], findings, sheet.decimal_comma)
        findings.raise_any()
        return cells

    return read


@pytest.mark.parametrize(
    "content",
    [
        EUROPEAN.encode(),
        EUROPEAN.encode("utf-8-sig"),
        EUROPEAN.encode("cp1252"),
        EUROPEAN.encode("utf-16"),
        EUROPEAN.replace("\n", "\r\n").encode("cp1252"),
        EUROPEAN.replace("\n", "\r").encode(),
        ("sep=;\n" + EUROPEAN).encode(),
        ("\ufeffSEP=;\r\n" + EUROPEAN).encode(),
        EUROPEAN.replace("\n", ";;\n").encode(),
        EUROPEAN.replace(";", " ; ").encode(),
        EUROPEAN.replace(";", "\t").encode(),
        EUROPEAN.replace("image", '"image"').replace("\n1", "\n\n;;;\n1").encode(),
    ],
)
def test_european_files(table, content) -> None:
    cells = table(content)
    assert cells["subject"].tolist() == ["Jörg", "p1"]
    assert cells[["a_x", "a_y"]].to_numpy().tolist() == [[100.5, 80.25], [101.5, 80.0]]


def test_windows_1252_is_noted(table) -> None:
    table(EUROPEAN.encode("cp1252"))
    assert table.findings.notes == [
        "labels.csv: not UTF-8; read as Windows-1252, which is right if accents and umlauts are"
    ]


def test_commas_in_text_stay(table) -> None:
    assert table("n;a_x\n3,5;1,5\n")["n"].tolist() == ["3,5"]
    assert table('n,a_x\n"3,5",1.5\n')["n"].tolist() == ["3,5"]


@pytest.mark.parametrize(
    ("content", "cell"),
    [
        ("n;a_x\np;1.234,5\n", "1.234,5"),
        ("n;a_x;a_y\np;1,5;2.5\n", "1,5"),
        ("n\ta_x\np\t1,234\n", "1,234"),
        ('n,a_x\np,"12,5"\n', "12,5"),
        ("n;a_x\np;1,234,567\n", "1,234,567"),
    ],
)
def test_ambiguous_commas(table, content, cell) -> None:
    with pytest.raises(UserError, match=f"row 2, column a_x: found '{cell}', expected a number; a comma is a decimal"):
        table(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('n,a_x\np,"1\np,2\np,3\n', "row 2: a quotation mark does not begin or end a cell"),
        ('n,a_x\np,"1\np,2\np,3"\n', "row 2: a quoted cell goes on to line 4 and holds whole cells of it"),
        ('n,a_x\np,1"\n', "row 2: a quotation mark does not begin or end a cell"),
        ('n,a_x\np"1,1\nq,2\n', "row 2: a quotation mark does not begin or end a cell"),
        ('n,a_x\n"p"1,1\nq,2\n', "row 2: a quotation mark does not begin or end a cell"),
        ('n,"a_x\np,1\n', "row 1: a quotation mark does not begin or end a cell"),
        ('n,a_x\np,"' + "x,1\n" * 50_000, "row 2: field larger than field limit"),
        ("n,a_x\np\0,1\n", "line 2 holds a null character"),
        ("n,a_x\np,1,2\n", "row 2: 3 cells, expected 2 as in the header"),
        ("n,a_x\n# a comment\np,1\n", "row 2: 1 cells, expected 2 as in the header"),
    ],
)
def test_what_is_refused(table, content, message) -> None:
    with pytest.raises(UserError, match=message):
        table(content)


def test_legal_quotes(table) -> None:
    cells = table('n,text,a_x\n"a,b", "5"" heel" ,1\np,"two\nlines",2\n')
    assert cells["n"].tolist() == ["a,b", "p"]
    assert cells["text"].tolist() == ['5" heel', "two\nlines"]
    assert cells["a_x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1e3", 1000), ("+5", 5), (".5", 0.5), ("5.", 5), ("-0", 0), ("1E-1", 0.1), ("1\u00a0", 1), ("NaN", np.nan)],
)
def test_numbers(table, cell, value) -> None:
    np.testing.assert_equal(table(f"n,a_x\np,{cell}\n")["a_x"].item(), value)


@pytest.mark.parametrize(
    "cell",
    ["\uff11\uff12", "\u0661\u0662", "0x10", "1_000", "100.5 px", "True", "1j", "50%", "\u22125", "1 000", "--1", "e"],
)
def test_not_numbers(table, cell) -> None:
    with pytest.raises(UserError, match=r"row 2, column a_x: found .*, expected a number"):
        table(f"n,a_x\np,{cell}\n")


@pytest.mark.parametrize("cell", ["1e30", "99999999999999999999", "-1e300", "inf", "3.5"])
def test_not_whole_numbers(cell) -> None:
    findings = Findings("labels.csv")
    whole_numbers(pd.Series([cell]), "frame", np.array([2]), findings)
    assert findings.count == 1
    assert "row 2, column frame: found" in findings.text()
    assert "expected a whole number" in findings.text()
