"""HDF5 label files: only what lies in the file itself is read, and nothing is unpickled."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from pipeline.names import normal_form

_MAX_BYTES = 2**30  # of one dataset; a small file may claim any number


class Hdf5File:
    """A file that is open for reading.

    h5py unpickles nothing. A link to another file, or a dataset whose values lie in other files, is refused, since a
    label file must not choose which files are read.

    Methods raise what h5py raises for what is not there: KeyError, OSError, TypeError, or a ValueError.
    """

    def __init__(self, path: Path) -> None:
        self._file = h5py.File(path, "r")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def has(self, name: str) -> bool:
        """Return True if there is a group or dataset of this name."""
        return self._object(name) is not None

    def attribute(self, name: str, attribute: str, default: Any = None) -> Any:
        """Return an attribute of a group or dataset; bytes as text."""
        owner = self._object(name)
        if owner is None or (attribute not in owner.attrs and default is None):
            raise KeyError(f"there is no {name} with {attribute}")
        value = owner.attrs.get(attribute, default)
        return _plain(value.item() if isinstance(value, np.ndarray | np.generic) else value)

    def texts(self, name: str) -> list[str]:
        """Return a dataset of text as a list, also if it is a single text."""
        return [str(_plain(value)) for value in np.atleast_1d(self._dataset(name)[()])]

    def table(self, name: str, columns: tuple[str, ...]) -> np.ndarray:
        """Return a dataset of records that have at least these columns."""
        rows = self._dataset(name)[()]
        lacking = [column for column in columns if column not in (rows.dtype.names or ())]
        if lacking:
            raise ValueError(f"{name} has no columns {lacking}")
        return rows

    def groups(self) -> list[str]:
        """Return the names of the groups at the top of the file."""
        return [name for name in self._file if isinstance(self._object(name), h5py.Group)]

    def numbers(self, name: str) -> np.ndarray:
        """Return a dataset of numbers.

        Raises:
            ValueError: It holds something else.
        """
        dataset = self._dataset(name)
        if dataset.dtype.kind not in "iuf":
            raise ValueError(f"{name} holds {dataset.dtype}, expected numbers")
        return np.asarray(dataset[()])

    def _object(self, name: str) -> h5py.Group | h5py.Dataset | None:
        """Return a group or dataset, `None` if there is none."""
        owner: Any = self._file
        for part in name.split("/"):
            link = owner.get(part, getlink=True) if isinstance(owner, h5py.Group) else None
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{name} is a link, which is not followed")
            owner = owner[part]
        return owner

    def _dataset(self, name: str) -> h5py.Dataset:
        dataset = self._object(name)
        if not isinstance(dataset, h5py.Dataset):
            raise KeyError(f"there is no dataset {name}")
        if dataset.external or dataset.is_virtual:
            raise ValueError(f"the values of {name} lie in other files, which are not read")
        if dataset.nbytes > _MAX_BYTES:
            raise ValueError(f"{name} would have {dataset.nbytes} bytes, expected at most {_MAX_BYTES}")
        return dataset


def _plain(value: object) -> object:
    return normal_form(value.decode("utf-8")) if isinstance(value, bytes) else value
