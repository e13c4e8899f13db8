"""Reading of the annotation table and its image files into `LabelArrays`."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int

from heelstrike.errors import UserError
from heelstrike.images import image_size
from heelstrike.progress import progress
from pipeline.annotations import BOX_COLUMNS, CLASS, keypoints_of
from pipeline.problem import Problem
from pipeline.validate.labels import LabelArrays

FILE_COLUMNS = ["file_width", "file_height"]
_ADVANCE = 500


def with_file_sizes(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add the columns file_width and file_height, read from the image files below `folder`; -1 for unreadable files."""
    sizes: dict[str, tuple[int, int]] = {}
    names = table["image"].unique().tolist()
    with progress("look at image files", len(names)) as bar:
        for start in range(0, len(names), _ADVANCE):
            part = names[start : start + _ADVANCE]
            sizes |= {name: _file_size(folder / name) for name in part}
            bar.advance(len(part))
    pairs = np.array([sizes[name] for name in table["image"]], dtype=np.int64).reshape(-1, 2)
    return table.assign(**{FILE_COLUMNS[0]: pairs[:, 0], FILE_COLUMNS[1]: pairs[:, 1]})


def _file_size(path: Path) -> tuple[int, int]:
    """Width and height as displayed; (-1, -1) if the image is missing or damaged."""
    try:
        return image_size(path)
    except UserError:
        return -1, -1


def labels_of(table: pd.DataFrame, problem: Problem) -> LabelArrays:
    """Convert the columns of a table from `with_file_sizes` to arrays."""

    def integers(*names: str) -> Int[np.ndarray, "N C"]:
        return table[list(names)].to_numpy(dtype=np.int64)

    def strings(name: str) -> np.ndarray:
        return table[name].to_numpy(dtype=object)

    xy, visibility = keypoints_of(table, problem.keypoints)
    return LabelArrays(
        problem=problem,
        xy=xy,
        visibility=visibility,
        size=integers("width", "height"),
        file_size=integers(*FILE_COLUMNS),
        boxes=table[BOX_COLUMNS].to_numpy(dtype=np.float64),
        image=strings("image"),
        subject=strings("subject"),
        video=strings("video"),
        phash=strings("phash"),
        category=strings(CLASS) if CLASS in table.columns else np.full(len(table), "", dtype=object),
        instance=integers("instance")[:, 0],
        frame=integers("frame")[:, 0],
        time_s=table["time_s"].to_numpy(dtype=np.float64),
    )
