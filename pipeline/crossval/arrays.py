"""The pooled prepared arrays of train and val, and parts of them written as prepared splits."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, json_digest, write_json
from pipeline.layout import Layout
from pipeline.splits import TRAINED_ON


@dataclass(frozen=True)
class Pool:
    """The train and val splits, concatenated.

    Attributes:
        arrays: Prepared arrays by name.
        index: Table with one row for each entry of the arrays.
        coco: Both COCO files in one.
        digest: Digest of all files.
    """

    arrays: dict[str, np.ndarray]
    index: pd.DataFrame
    coco: dict[str, Any]
    digest: str

    @property
    def subjects(self) -> set[str]:
        """All subjects."""
        return set(self.index["subject"].astype(str))

    def rows(self, subjects: tuple[str, ...]) -> np.ndarray:
        """Return the indices of these subjects' rows."""
        return np.flatnonzero(self.index["subject"].astype(str).isin(subjects))

    def write(self, name: str, rows: np.ndarray, layout: Layout) -> None:
        """Write some rows as a prepared split with its COCO file."""
        with folder_aside(layout.out("prepare") / name) as folder:
            for array, values in self.arrays.items():
                np.save(folder / f"{array}.npy", values[rows])
            part = self.index.iloc[rows].reset_index(drop=True)
            part.to_parquet(folder / "index.parquet", index=False)
        subjects = set(part["subject"].astype(str))
        keys = ("images", "annotations")
        entries = {key: [e for e in self.coco[key] if str(e["subject"]) in subjects] for key in keys}
        write_json(layout.out("split") / f"{name}.json", self.coco | entries)


def read_pool(layout: Layout) -> Pool:
    """Read the pool of a problem.

    Raises:
        UserError: The problem has not been prepared.
    """
    folders = [layout.out("prepare") / split for split in TRAINED_ON]
    files = [layout.out("split") / f"{split}.json" for split in TRAINED_ON]
    for path in (*folders, *files):
        if not path.exists():
            raise UserError(f"{path} does not exist; run `dvc repro prepare@{layout.problem}` first")
    names = sorted(path.stem for path in folders[0].glob("*.npy"))
    arrays = {name: _joined([np.load(folder / f"{name}.npy") for folder in folders]) for name in names}
    index = pd.concat([pd.read_parquet(folder / "index.parquet") for folder in folders], ignore_index=True)
    coco: dict[str, Any] = json.loads(files[0].read_text())
    val = json.loads(files[1].read_text())
    coco |= {key: coco[key] + val[key] for key in ("images", "annotations")}
    digest = json_digest([file_digest(path) for path in (*_contents(folders), *files)])
    return Pool(arrays, index, coco, digest)


def _contents(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.iterdir())]


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate arrays; `objects` with fewer instances is padded with NaN."""
    longest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    return np.concatenate([_padded(part, longest) for part in parts])


def _padded(array: np.ndarray, shape: list[int]) -> np.ndarray:
    missing = [(0, size - length) for size, length in zip(shape, array.shape[1:], strict=True)]
    return np.pad(array, [(0, 0), *missing], constant_values=np.nan) if any(n for _, n in missing) else array
