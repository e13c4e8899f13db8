"""Names and texts of others in Markdown and CSV files."""

import io

import numpy as np
import pandas as pd
import pytest

from pipeline.markdown import in_markdown, table_row
from pipeline.spreadsheet import for_spreadsheets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left_ankle", "left_ankle"),
        ("p < 0.05, 95 % interval [1.2, 3.4]; 5 > 3", "p < 0.05, 95 % interval [1.2, 3.4]; 5 > 3"),
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("two\r\nlines\n| --- |", r"two lines \| --- \|"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("<img src=x>", "&lt;img src=x>"),
        ("![pixel](http://tracker.example/x.png)", r"![pixel]\(http://tracker.example/x.png)"),
        ("`code`", r"\`code\`"),
    ],
)
def test_a_text_is_no_markup(text, expected):
    assert in_markdown(text) == expected


def test_a_row_has_as_many_cells_as_were_given():
    assert table_row("a|b", 3, "c\nd") == r"| a\|b | 3 | c d |"


def test_a_table_has_no_formulas_and_the_same_numbers():
    table = pd.DataFrame({"=name": ["=1+1", "-3.5", None], "value": [-1.23456789, np.nan, 1e-9], "number": [-1, 2, 3]})
    clean = pd.DataFrame({"name": ["a", "b", None], "value": table["value"], "number": table["number"]})
    text = for_spreadsheets(table).to_csv(index=False, float_format="%.6g")
    assert text == "'=name,value,number\n'=1+1,-1.23457,-1\n-3.5,,2\n,1e-09,3\n"
    out, same = io.StringIO(), io.StringIO()
    for_spreadsheets(clean).to_csv(out)
    clean.to_csv(same)
    assert out.getvalue() == same.getvalue()
