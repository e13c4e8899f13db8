"""Points at exactly (0, 0), which many programs write for a point that is not labelled."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from pipeline.annotations import keypoints_of, with_keypoints
from pipeline.collect.findings import Findings
from pipeline.collect.labels import NOTHING_LABELLED, Labels, labelled_rows

Rule = Literal["error", "missing", "keep"]


def for_the_mean(xy: Float[np.ndarray, "A K 2"], rule: Rule) -> Float[np.ndarray, "A K 2"]:
    """Return several people's points of an image so that a point at (0, 0) does not pull their mean.

    Args:
        xy: The points of each person; NaN where the person has not labelled the point.
        rule: The source's setting. If it is `missing`, such a point is left out where others labelled the point; if it
            is `error`, the mean becomes (0, 0), which `without_zero_points` refuses.
    """
    zero = _at_zero(xy)
    if rule == "keep" or not zero.any():
        return xy
    if rule == "error":
        return np.where(np.asarray(zero.any(axis=0))[:, None], 0.0, xy)
    others = (np.isfinite(xy).all(axis=2) & ~zero).any(axis=0)
    return np.where((zero & others)[..., None], np.nan, xy)


def _at_zero(xy: Float[np.ndarray, "N K 2"]) -> Bool[np.ndarray, "N K"]:
    """Return True for points at (0, 0), counted from the centre or from the corner of the first pixel."""
    return np.asarray((xy == 0).all(axis=2) | (xy == -0.5).all(axis=2))


def without_zero_points(labels: Labels, keypoints: tuple[str, ...], rule: Rule, findings: Findings) -> Labels:
    """Apply a source's `zero_points` to labelled points at exactly (0, 0).

    In a format whose coordinates begin at the corner of the image instead of the centre of its first pixel, such a
    point is read as (-0.5, -0.5).

    Args:
        labels: The labels as a reader returns them.
        keypoints: Names of the keypoints.
        rule: The setting.
        findings: Gets a finding for each such point if the setting is `error`.

    Returns:
        The labels, without these points if the setting is `missing`.
    """
    if rule == "keep" or labels.table.empty or not keypoints:
        return labels
    xy, visibility = keypoints_of(labels.table, keypoints)
    zero = (visibility > 0) & _at_zero(xy)
    if not zero.any():
        return labels
    if rule == "error":
        rows = labels.table["source"].str.rpartition(":")[2].to_numpy()
        for row, k in np.argwhere(zero):
            findings.add(
                f"label {rows[row]}: {keypoints[k]} lies at exactly (0, 0), as many programs write a point that is not "
                "labelled; set zero_points of the source to missing, or to keep if it is a point"
            )
        return labels
    xy = np.where(zero[..., None], np.nan, xy)
    table = with_keypoints(labels.table, keypoints, xy, np.where(zero, 0, visibility))
    empty = ~labelled_rows(table, keypoints)
    dropped = dict(labels.dropped)
    if empty.any():
        dropped[NOTHING_LABELLED] = [*dropped.get(NOTHING_LABELLED, []), *table["source"][empty]]
    return replace(
        labels,
        table=table[~empty].reset_index(drop=True),
        dropped=dropped,
        notes=[*labels.notes, f"{findings.where}: {int(zero.sum())} points at (0, 0) count as not labelled"],
        empty=pd.concat([labels.empty, table[empty]], ignore_index=True),
    )
