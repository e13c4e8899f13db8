"""Shapes of a graph's outputs compared with what the manifest says."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Shape: TypeAlias = Sequence[int | str | None]
"""Of an output of a graph; a name or `None` stands for a length that is known only when the graph runs."""


def misfits(shapes: Mapping[str, Shape], wanted: Mapping[str, Sequence[int | None]], why: str) -> list[str]:
    """Outputs whose shape is another than wanted.

    Args:
        shapes: Of the graph's outputs; a length that is no number fits every other.
        wanted: By name; `None` fits every length.
        why: What the shape has to agree with.
    """
    findings = []
    for name, lengths in wanted.items():
        shape = shapes[name]
        pairs = zip(shape, lengths, strict=False)
        if len(shape) != len(lengths) or any(_differ(*pair) for pair in pairs):
            expected = ["any" if length is None else length for length in lengths]
            findings.append(f"output {name!r} has the shape {list(shape)}, expected {expected}: {why}")
    return findings


def _differ(length: int | str | None, wanted: int | None) -> bool:
    return isinstance(length, int) and wanted is not None and length != wanted
