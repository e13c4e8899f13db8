import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.spreadsheet import plain_cell, safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", "-", "+x", "＝1+1", "-P1", "'=1"],
)
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-3.5", "-3,5", "+1e5", "-inf", "left_heel", "", "a=b", "7", "-0", "'", "'7", "'-7"])
def test_numbers_and_other_texts_stay_as_they_are(text):
    assert safe_cell(text) == text


@given(st.text(st.sampled_from("'=-+P1, ")) | st.text())
def test_every_text_comes_back(text):
    assert plain_cell(safe_cell(text)) == text
