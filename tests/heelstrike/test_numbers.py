import pytest

from heelstrike.numbers import fixed, rounded


@pytest.mark.parametrize(
    ("value", "digits", "text", "with_sign"),
    [
        (4.25, 1, "4.2", "+4.2"),
        (-0.0, 1, "0.0", "+0.0"),
        (-0.04, 1, "0.0", "+0.0"),
        (-0.06, 1, "-0.1", "-0.1"),
        (9999999.0, 0, "9999999", "+9999999"),
        (1e300, 2, "1.0e+300", "+1.0e+300"),
        (-2.5e8, 2, "-2.5e+08", "-2.5e+08"),
    ],
)
def test_digits_and_signs(value: float, digits: int, text: str, with_sign: str) -> None:
    assert (fixed(value, digits), fixed(value, digits, signed=True)) == (text, with_sign)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.434, "0.43"), (1.26, "1.3"), (99.4, "99"), (123.4, "120"), (1e300, "1.0e+300")]
)
def test_significant_digits(value: float, text: str) -> None:
    assert rounded(value) == text
