"""Numbers as report, gates and terminal write them."""

import pytest

from pipeline.scoring.format import number, share, span


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.0421, "0.042"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234"), (-0.5, "−0.50"), (7, "7")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


def test_what_is_not_known_is_a_dash() -> None:
    assert number(float("nan"), " px") == "–" and number(None) == "–" and span(float("nan"), 1.0) == "–"
    assert span(-1.0, 2.0, "°") == "−1.00 to 2.00°"
    assert share(0.5) == "50.0 %"
