"""Points at exactly (0, 0), which many programs write for a point that is not labelled."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.annotations import keypoints_of, with_keypoints
from pipeline.collect.findings import Findings
from pipeline.collect.labels import NOTHING_LABELLED, Labels, labelled_rows


def without_zero_points(
    labels: Labels, keypoints: tuple[str, ...], rule: Literal["error", "missing", "keep"], findings: Findings
) -> Labels:
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
    zero = (visibility > 0) & ((xy == 0).all(axis=2) | (xy == -0.5).all(axis=2))
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
