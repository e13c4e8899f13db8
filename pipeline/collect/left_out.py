"""What the collect stage leaves out: labels, columns and files, counted and listed, or refused by `strict`."""

from pathlib import Path
from typing import Any

import pandas as pd

from heelstrike.media import files_below, kind_of
from pipeline.annotations import SLICE_PREFIX, slice_columns
from pipeline.collect.batches import unversioned_batches
from pipeline.collect.findings import Findings
from pipeline.collect.labels import NOTHING_LABELLED
from pipeline.collect.sources import SourceLabels

_MAX_LISTED = 200  # of a reason, in the summary


def dropped_labels(batches: list[SourceLabels]) -> list[dict[str, Any]]:
    """Return the labels that readers left out, for summary.json: reason, count and the first 200 rows of each."""
    reasons = dict[str, list[str]]()
    for labels in (labels for batch in batches for labels in batch.labels):
        for reason, rows in labels.dropped.items():
            reasons.setdefault(reason, []).extend(rows)
    return _entries(reasons)


def other_left_out(batches: list[SourceLabels], table: pd.DataFrame, raw: Path) -> list[dict[str, Any]]:
    """Return the columns and files that are not used, for summary.json: reason, count and the first 200 names of each.

    Args:
        batches: The labels of every source.
        table: The annotation table.
        raw: Folder of the raw files.
    """
    pairs = [(batch, labels) for batch in batches for labels in batch.labels]
    columns = {c for _, labels in pairs for c in slice_columns(labels.table)} - set(slice_columns(table))
    used = {str(path) for batch in batches for path in batch.files}
    for batch, labels in pairs:
        media = [name for rows in (labels.table, labels.empty) if len(rows) for name in rows["media"].unique()]
        used |= {str(batch.root / name) for name in (*media, *labels.files)}
    reasons = {"columns with too many values for a slice": sorted(c.removeprefix(SLICE_PREFIX) for c in columns)}
    unversioned = set(unversioned_batches(raw))
    for path in files_below(raw) if raw.is_dir() else []:
        name = path.relative_to(raw)
        if str(path) in used or path.suffix == ".dvc" or name.parts[0] in unversioned:
            continue
        reason = "images and videos that no label names" if kind_of(path) else "files that no source reads"
        reasons.setdefault(reason, []).append(name.as_posix())
    return _entries(reasons)


def _entries(reasons: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"reason": reason, "count": len(rows), "rows": rows[:_MAX_LISTED]}
        for reason, rows in sorted(reasons.items())
        if rows
    ]


def sentences(dropped: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for each reason."""
    return [f"left out {entry['count']} labels: {entry['reason']}" for entry in dropped] + [
        f"left out {entry['count']} {entry['reason']}: {', '.join(entry['rows'][:3])}"
        + (", ..." if entry["count"] > 3 else "")
        for entry in others
    ]


def refuse_left_out(dropped: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """Refuse everything that is left out. A row in which nothing is labelled is no label, so it may be there.

    Raises:
        UserError: Anything is left out.
    """
    findings = Findings("collect.strict")
    lost = [entry for entry in dropped if entry["reason"] != NOTHING_LABELLED]
    for sentence, entry in zip(sentences(lost, others), [*lost, *others], strict=True):
        findings.add(f"{sentence} ({', '.join(entry['rows'][:10])}); correct or remove them, or set strict: false")
    findings.raise_any()
