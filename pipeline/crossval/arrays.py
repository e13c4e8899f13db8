"""The prepared arrays of train and val together, and parts of them as a prepared split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, json_digest
from pipeline.layout import Layout

_POOLED = ("train", "val")  # not the test split


@dataclass(frozen=True)
class Pool:
    """Train and val, one after the other.

    Attributes:
        arrays: Of prepare, by name.
        index: A row for each entry.
        digest: Of all of it.
    """

    arrays: dict[str, np.ndarray]
    index: pd.DataFrame
    digest: str

    @property
    def subjects(self) -> set[str]:
        """Everybody in it."""
        return set(self.index["subject"].astype(str))

    def rows(self, subjects: tuple[str, ...]) -> np.ndarray:
        """Numbers of these subjects' rows."""
        return np.flatnonzero(self.index["subject"].astype(str).isin(subjects))

    def write(self, name: str, rows: np.ndarray, layout: Layout) -> None:
        """Write some rows as a prepared split."""
        with folder_aside(layout.out("prepare") / name) as folder:
            for array, values in self.arrays.items():
                np.save(folder / f"{array}.npy", values[rows])
            part = self.index.iloc[rows].reset_index(drop=True)
            part.to_parquet(folder / "index.parquet", index=False)


def read_pool(layout: Layout) -> Pool:
    """The pool of a problem.

    Raises:
        UserError: It has not been prepared.
    """
    folders = [layout.out("prepare") / split for split in _POOLED]
    for path in folders:
        if not path.exists():
            raise UserError(f"{path}: not there; run `dvc repro prepare@{layout.problem}` first")
    names = sorted(path.stem for path in folders[0].glob("*.npy"))
    arrays = {name: _joined([np.load(folder / f"{name}.npy") for folder in folders]) for name in names}
    index = pd.concat([pd.read_parquet(folder / "index.parquet") for folder in folders], ignore_index=True)
    return Pool(arrays, index, json_digest([file_digest(path) for path in _contents(folders)]))


def _contents(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.iterdir())]


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """One after the other; `objects` of fewer instances is filled up with NaN."""
    longest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    return np.concatenate([_filled(part, longest) for part in parts])


def _filled(array: np.ndarray, shape: list[int]) -> np.ndarray:
    missing = [(0, size - found) for size, found in zip(shape, array.shape[1:], strict=True)]
    return np.pad(array, [(0, 0), *missing], constant_values=np.nan) if any(n for _, n in missing) else array
