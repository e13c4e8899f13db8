import pytest

from heelstrike.spreadsheet import safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", "-", "+x", "＝1+1"],
)
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-3.5", "-3,5", "+1e5", "-inf", "left_heel", "", "a=b", "7", "-0", "'=1"])
def test_numbers_and_other_texts_stay_as_they_are(text):
    assert safe_cell(text) == text
