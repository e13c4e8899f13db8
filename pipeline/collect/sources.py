"""The sources of params, read into one table of labels."""

import glob
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from heelstrike.files import json_digest
from pipeline.annotations import CLASS, EXAM, SLICE_PREFIX, slice_columns
from pipeline.collect.findings import Findings, raise_all
from pipeline.collect.labels import Labels
from pipeline.collect.readers import READERS
from pipeline.collect.settings import FileSource, Source
from pipeline.layout import Layout
from pipeline.problem import Problem
from pipeline.synthetic.settings import SyntheticSource

_MOST_SLICE_VALUES = 32
_INSTANCE = ["media", "frame", "instance"]


@dataclass(frozen=True)
class SourceLabels:
    """What one source of params yielded.

    Attributes:
        kind: The source's kind.
        root: Folder that `media` of the labels are relative to.
        prefix: Name of that folder among the sources; empty for data/raw.
        files: The label files.
        labels: What each says; `mm_per_px` is NaN where neither it nor the source's settings say how large pixels are.
        named_slices: Slices that params list.
    """

    kind: str
    root: Path
    prefix: str
    files: list[Path]
    labels: list[Labels]
    named_slices: tuple[str, ...]


def read_source(source: Source, layout: Layout, problem: Problem) -> SourceLabels:
    """Find and read all label files of one source; render them first where it is synthetic.

    Raises:
        UserError: Everything that is wrong with any of them.
    """
    if isinstance(source, SyntheticSource):
        # rendering needs the whole drawing machinery, real data does not
        from pipeline.synthetic import generate, label_format

        # more subjects are added to the same folder, beside those rendered before
        digest = json_digest(source.model_dump(mode="json", exclude={"subjects"}))[:12]
        root = layout.work("collect", f"synthetic-{digest}")
        labels = [generate(source, root)]
        read_as = TypeAdapter[Any](Source).validate_python(label_format(source))
        return _read_files(read_as, "synthetic", root, root.name, labels, problem)
    # unlike Path.glob, this follows linked folders: a large data set need not be copied below data/raw
    found = glob.glob(source.labels, root_dir=layout.raw, recursive=True)  # noqa: PTH207
    files = sorted(path for path in (layout.raw / name for name in found) if path.is_file())
    if not files:
        print(f"collect: no file matches {source.labels!r} ({source.kind}) below {layout.raw}")
    return _read_files(source, source.kind, layout.raw, "", files, problem)


def _read_files(
    source: FileSource, kind: str, root: Path, prefix: str, files: list[Path], problem: Problem
) -> SourceLabels:
    labels, errors = list[Labels](), list[UserError]()
    for path in files:
        try:
            labels.append(_with_scale(READERS[source.kind](path, root, source, problem), source))
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    return SourceLabels(kind, root, prefix, files, labels, getattr(source, "slices", None) or ())


def _with_scale(labels: Labels, source: FileSource) -> Labels:
    table = labels.table
    known = table["mm_per_px"].fillna(source.pixel_mm) if "mm_per_px" in table else source.pixel_mm
    return replace(labels, table=table.assign(mm_per_px=known))


def one_table(batches: list[SourceLabels]) -> pd.DataFrame:
    """Labels of all sources in one table.

    Returns:
        The columns of `Labels.table`, `media` and `source` with the batch's prefix before them where it has one, and
        `file`, the path of the media. Columns with more than 32 values are no slices unless params list them.

    Raises:
        UserError: Two label files label the same instance.
    """
    parts = []
    for batch in batches:
        for labels in batch.labels:
            if labels.table.empty:
                continue
            where = {media: str(batch.root / media) for media in labels.table["media"].unique()}
            part = labels.table.assign(file=labels.table["media"].map(where))
            if batch.prefix:
                part = part.assign(**{c: f"{batch.prefix}/" + part[c] for c in ("media", "source")})
            parts.append(part)
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    _labelled_once(table)
    if CLASS in table.columns:  # not every source may have had it
        table[CLASS] = table[CLASS].fillna("").astype("str")
    if EXAM in table.columns:
        table[EXAM] = table[EXAM].fillna("").astype("str")
    slices = slice_columns(table)
    table[slices] = table[slices].fillna("").astype("str")
    named = {f"{SLICE_PREFIX}{name}" for batch in batches for name in batch.named_slices}
    many = [c for c in slices if c not in named and table[c].nunique() > _MOST_SLICE_VALUES]
    for column in many:
        print(f"collect: column {column.removeprefix(SLICE_PREFIX)!r} has too many values for a slice; left out")
    return table.drop(columns=many)


def _labelled_once(table: pd.DataFrame) -> None:
    again = table[table.duplicated(_INSTANCE, keep=False)].sort_values([*_INSTANCE, "source"])
    findings = Findings("labels")
    for _, rows in again.groupby(_INSTANCE, sort=False):
        media, frame = rows[["media", "frame"]].iloc[0]
        what = f"{media}, frame {frame}" if frame >= 0 else media
        findings.add(f"{what} is labelled in {' and in '.join(rows['source'])}; keep one")
    findings.raise_any()
