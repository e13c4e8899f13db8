"""The pooled prepared arrays of several splits, and parts of them written as prepared splits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, json_digest
from pipeline.layout import Layout
from pipeline.splits import TRAINED_ON, Split


@dataclass(frozen=True)
class Pool:
    """Several splits, concatenated.

    Attributes:
        arrays: Prepared arrays by name.
        index: Table with one row for each entry of the arrays.
        digest: Digest of all files.
    """

    arrays: dict[str, np.ndarray]
    index: pd.DataFrame
    digest: str

    @property
    def subjects(self) -> set[str]:
        """All subjects."""
        return set(self.index["subject"].astype(str))

    def rows(self, subjects: tuple[str, ...]) -> np.ndarray:
        """Return the indices of these subjects' rows."""
        return np.flatnonzero(self.index["subject"].astype(str).isin(subjects))

    def write(self, name: str, rows: np.ndarray, layout: Layout) -> None:
        """Write some rows as a prepared split."""
        with folder_aside(layout.out("prepare") / name) as folder:
            for array, values in self.arrays.items():
                np.save(folder / f"{array}.npy", values[rows])
            part = self.index.iloc[rows].reset_index(drop=True)
            part.to_parquet(folder / "index.parquet", index=False)


def read_pool(layout: Layout, splits: tuple[Split, ...] = TRAINED_ON) -> Pool:
    """Read the pool of a problem: these splits, and no other.

    Raises:
        UserError: The problem has not been prepared.
    """
    folders = [layout.out("prepare") / split for split in splits]
    for path in folders:
        if not path.exists():
            raise UserError(f"{path} does not exist; run `dvc repro prepare@{layout.problem}` first")
    names = sorted(path.stem for path in folders[0].glob("*.npy"))
    arrays = {name: _joined([np.load(folder / f"{name}.npy") for folder in folders]) for name in names}
    index = pd.concat([pd.read_parquet(folder / "index.parquet") for folder in folders], ignore_index=True)
    return Pool(arrays, index, json_digest([file_digest(path) for path in _contents(folders)]))


def _contents(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.iterdir())]


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate arrays; `objects` with fewer instances is padded with NaN."""
    longest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    return np.concatenate([_padded(part, longest) for part in parts])


def _padded(array: np.ndarray, shape: list[int]) -> np.ndarray:
    missing = [(0, size - length) for size, length in zip(shape, array.shape[1:], strict=True)]
    return np.pad(array, [(0, 0), *missing], constant_values=np.nan) if any(n for _, n in missing) else array
