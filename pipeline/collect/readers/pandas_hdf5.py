"""A table that pandas wrote to HDF5 in its "fixed" format, read without pandas, whose own reader unpickles."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings
from pipeline.collect.readers.hdf5_file import Hdf5File

_MULTI = "multi"  # pandas' word for an index of several levels


class PandasTable(NamedTuple):
    """A table of numbers.

    Attributes:
        levels: Names of the columns' levels.
        columns: Values of the levels for each of C columns.
        rows: Values of the index's levels for each of N rows.
        values: The numbers.
    """

    levels: list[str]
    columns: list[tuple[str, ...]]
    rows: list[tuple[str, ...]]
    values: Float[np.ndarray, "N C"]


def read_table(path: Path, findings: Findings) -> PandasTable:
    """Read the first table in a file.

    Raises:
        UserError: The file is not HDF5 or has no such table, or its texts are pickled (pandas' "table" format, and
            files of Python 2).
    """
    try:
        with Hdf5File(path) as file:
            for group in file.groups():
                if str(file.attribute(group, "pandas_type", "")) == "frame":
                    return _table(file, group)
            types = {group: str(file.attribute(group, "pandas_type", "")) for group in file.groups()}
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError) as error:
        reason = str(error).strip().splitlines()[-1:]  # the message of an HDF5 error is a whole stack trace
        raise UserError(f"{findings.where}: not a DeepLabCut HDF5 file {reason}; use the CSV beside it") from None
    raise UserError(
        f"{findings.where}: no DeepLabCut table that can be read safely; found the types {types}, expected frame "
        "(pandas' fixed format); others have to be unpickled, which can run code; use the CSV beside it"
    )


def _table(file: Hdf5File, group: str) -> PandasTable:
    levels, columns = _axis(file, group, "axis0")
    _, index = _axis(file, group, "axis1")
    values = np.full((len(index), len(columns)), np.nan)
    position = {column: number for number, column in enumerate(columns)}
    for block in range(int(file.attribute(group, "nblocks"))):
        _, items = _axis(file, group, f"block{block}_items")
        numbers = np.asarray(file.numbers(f"{group}/block{block}_values"), np.float64)
        if numbers.shape != (len(index), len(items)):
            raise ValueError(f"block{block} has the shape {numbers.shape}, expected {(len(index), len(items))}")
        values[:, [position[item] for item in items]] = numbers
    return PandasTable(levels, columns, index, values)


def _axis(file: Hdf5File, group: str, axis: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the names of an index's levels, and the values of the levels for each entry."""
    if file.attribute(group, f"{axis}_variety") != _MULTI:
        return [_name(file, f"{group}/{axis}")], [(text,) for text in _texts(file, f"{group}/{axis}")]
    names, columns = list[str](), list[list[str]]()
    for level in range(int(file.attribute(group, f"{axis}_nlevels"))):
        texts = _texts(file, f"{group}/{axis}_level{level}")
        codes = file.numbers(f"{group}/{axis}_label{level}")
        if len(codes) and codes.min() < 0:
            raise ValueError(f"{axis} has missing values")
        names.append(_name(file, f"{group}/{axis}_level{level}"))
        columns.append([texts[code] for code in codes])
    return names, list(zip(*columns, strict=True))


def _texts(file: Hdf5File, name: str) -> list[str]:
    kind = str(file.attribute(name, "kind"))
    if kind != "string" and kind not in ("integer", "float"):
        raise ValueError(f"{name} is stored as {kind}, which would have to be unpickled")
    return file.texts(name)


def _name(file: Hdf5File, name: str) -> str:
    return str(file.attribute(name, "name", ""))
