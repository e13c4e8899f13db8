"""Comparison of the shapes of a graph's outputs with the expected ones."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Shape: TypeAlias = Sequence[int | str | None]
"""Shape of a graph's output. A length that is known only when the graph runs is a name or `None`."""


def shape_errors(shapes: Mapping[str, Shape], expected: Mapping[str, Sequence[int | None]], reason: str) -> list[str]:
    """Return a sentence for each output whose shape is not the expected one.

    Args:
        shapes: Shapes of the graph's outputs, by name; a length that is not a number fits every expected length.
        expected: Expected shapes, by name; `None` means any length.
        reason: Why the shape is expected, for the message.
    """
    errors = []
    for name, lengths in expected.items():
        shape = shapes[name]
        pairs = zip(shape, lengths, strict=False)
        if len(shape) != len(lengths) or any(_differ(*pair) for pair in pairs):
            wanted = ["any" if length is None else length for length in lengths]
            errors.append(f"output {name!r} has the shape {list(shape)}, expected {wanted}: {reason}")
    return errors


def _differ(length: int | str | None, expected: int | None) -> bool:
    return isinstance(length, int) and expected is not None and length != expected
