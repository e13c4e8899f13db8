"""Groups of subjects that must stay together, because they share an image or have images that look alike."""

import numpy as np
import pandas as pd
from jaxtyping import Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.near_duplicates import near_pairs


def linked_images(table: pd.DataFrame, bits: int | None) -> Int[np.ndarray, "M 2"]:
    """Return the pairs of rows whose images are the same or near duplicates (hashes differ by at most `bits` of 64)."""
    images = table.drop_duplicates("image")
    row_of = pd.Series(images.index, index=images["image"])
    near = images.index.to_numpy()[near_pairs(images["phash"].tolist(), bits)]
    same = np.stack([row_of[table["image"]].to_numpy(), table.index.to_numpy()], axis=1)
    return np.concatenate([near.reshape(-1, 2), same[same[:, 0] != same[:, 1]]])


def group_subjects(subjects: pd.Series, links: Int[np.ndarray, "M 2"]) -> dict[str, int]:
    """Number the groups of subjects that must stay together.

    Args:
        subjects: Subject of each row of the annotation table, index 0..N-1.
        links: Pairs of rows that must be in the same split.

    Returns:
        Subject -> number of its group; subjects and numbers in sorted order.
    """
    names, codes = np.unique(subjects.to_numpy(dtype=str), return_inverse=True)
    a, b = codes[links[:, 0]], codes[links[:, 1]]
    graph = coo_array((np.ones(len(a), dtype=bool), (a, b)), shape=(len(names), len(names)))
    _, group = connected_components(graph, directed=False)
    return {str(name): int(g) for name, g in zip(names, group, strict=True)}
