"""Reading of all sources in params.yaml into one table of labels."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from heelstrike.files import json_digest
from pipeline.annotations import CLASS, EXAM, SLICE_PREFIX, TAKEN_SLICES, slice_columns
from pipeline.collect.batches import batch_of, versioned_label_files
from pipeline.collect.file_source import FileSource
from pipeline.collect.findings import Findings, raise_all
from pipeline.collect.labelled_sizes import SPACING
from pipeline.collect.labels import Labels
from pipeline.collect.readers import read_labels
from pipeline.collect.settings import Source
from pipeline.collect.subject_setting import column_of
from pipeline.collect.subjects import refuse_unstated
from pipeline.layout import Layout
from pipeline.problem import Problem
from pipeline.synthetic.settings import SyntheticSource

_MAX_SLICE_VALUES = 32


@dataclass(frozen=True)
class SourceLabels:
    """The labels of one source.

    Attributes:
        kind: The source's kind.
        root: Folder that `media` of the labels are relative to.
        prefix: Name of that folder among the sources; empty for data/raw.
        files: The label files.
        labels: Labels of each file; `mm_per_px` is NaN if neither the file nor the settings state the size of a pixel.
        named_slices: Slices that params.yaml lists.
        subject_by_path: True if paths name the subjects, not the label files.
    """

    kind: str
    root: Path
    prefix: str
    files: list[Path]
    labels: list[Labels]
    named_slices: tuple[str, ...]
    subject_by_path: bool = False


def read_source(source: Source, layout: Layout, problem: Problem) -> SourceLabels:
    """Find and read all label files of one source; a synthetic source is rendered first.

    Raises:
        UserError: Anything is wrong with a label file; every finding is listed.
    """
    if isinstance(source, SyntheticSource):
        # imported here, since only synthetic data needs the renderers
        from pipeline.synthetic.generators import generate, label_format

        # the digest ignores the number of subjects: more of them are added to the same folder
        digest = json_digest(source.model_dump(mode="json", exclude={"subjects"}))[:12]
        root = layout.work("collect", f"synthetic-{digest}")
        labels = [generate(source, root)]
        read_as = TypeAdapter[Any](Source).validate_python(label_format(source))
        return read_files(read_as, "synthetic", root, root.name, labels, problem)
    files = versioned_label_files(layout.raw, source.labels)
    if not files:
        print(f"collect: no file matches {source.labels!r} ({source.kind}) below {layout.raw}")
    return read_files(source, source.kind, layout.raw, "", files, problem)


def read_files(
    source: FileSource, kind: str, root: Path, prefix: str, files: list[Path], problem: Problem
) -> SourceLabels:
    """Read label files of one source.

    Args:
        source: The source.
        kind: Its kind, for messages.
        root: Folder that all media are relative to.
        prefix: Name of that folder among the sources; empty for data/raw.
        files: The label files.
        problem: The problem.

    Raises:
        UserError: Anything is wrong with a label file, or nobody says who is shown where it cannot be guessed.
    """
    labels, errors = list[Labels](), list[UserError]()
    for path in files:
        try:
            labels.append(_with_scale(read_labels(path, root, source, problem), source))
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    if source.subject is None:
        findings = Findings(kind)
        images = refuse_unstated([label.table for label in labels], findings)
        findings.raise_any()
        if images > 1:
            print(
                f"collect: each of {images} images ({kind}) counts as a subject of its own; `subject` may say otherwise"
            )
    return SourceLabels(
        kind, root, prefix, files, labels, getattr(source, "slices", None) or (), column_of(source.subject) is None
    )


def _with_scale(labels: Labels, source: FileSource) -> Labels:
    table = labels.table
    if "mm_per_px" not in table:
        return replace(labels, table=table.assign(mm_per_px=source.pixel_mm))
    stated = table["mm_per_px"].notna()
    known = table["mm_per_px"].fillna(source.pixel_mm)
    return replace(labels, table=table.assign(mm_per_px=known, **{SPACING: stated}))


def one_table(batches: list[SourceLabels]) -> pd.DataFrame:
    """Put the labels of all sources into one table.

    Returns:
        The columns of `Labels.table`, with the source's prefix before `media` and `source`; `file`, the path of the
        media; `label_file`, below the source's root; `empty`, True for the rows without labels of later batches; and
        `subject_by_path` of the source.
        A column with more than 32 values is not a slice unless params.yaml lists it.
    """
    parts = []
    for batch in batches:
        for path, labels in zip(batch.files, batch.labels, strict=True):
            label_file = path.relative_to(batch.root).as_posix()
            empty = labels.empty if batch_of(label_file) else pd.DataFrame()
            for rows, is_empty in ((labels.table, False), (empty, True)):
                if rows.empty:
                    continue
                paths = {media: str(batch.root / media) for media in rows["media"].unique()}
                part = rows.assign(file=rows["media"].map(paths), label_file=label_file, empty=is_empty)
                part["subject_by_path"] = batch.subject_by_path
                if batch.prefix:
                    part = part.assign(**{c: f"{batch.prefix}/" + part[c] for c in ("media", "source", "label_file")})
                parts.append(part)
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    if CLASS in table.columns:  # some sources may lack it
        table[CLASS] = table[CLASS].fillna("").astype("str")
    if EXAM in table.columns:
        table[EXAM] = table[EXAM].fillna("").astype("str")
    slices = slice_columns(table)
    for column in slices:
        without = table["label_file"][table[column].isna()].unique()
        if len(without):
            print(
                f"collect: the column {column.removeprefix(SLICE_PREFIX)!r} is a slice that {len(without)} of "
                f"{table['label_file'].nunique()} label files lack ({', '.join(without[:3])}); their images are in no "
                "group of it"
            )
    _refuse_taken_slices(slices)
    table[slices] = table[slices].fillna("").astype("str")
    named = {f"{SLICE_PREFIX}{name}" for batch in batches for name in batch.named_slices}
    left_out = [c for c in slices if c not in named and table[c].nunique() > _MAX_SLICE_VALUES]
    return table.drop(columns=left_out)


def names_only(batch: SourceLabels) -> SourceLabels:
    """Return a source without its labels, which need memory: of each media, one row with its slices stays."""

    def named(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.drop_duplicates("media")[["media", *slice_columns(rows)]] if len(rows) else rows

    slim = [replace(labels, table=named(labels.table), empty=named(labels.empty)) for labels in batch.labels]
    return replace(batch, labels=slim)


def _refuse_taken_slices(columns: list[str]) -> None:
    """Raise a finding for each slice that would have the name of one that evaluation makes."""
    findings = Findings("labels")
    for name in (column.removeprefix(SLICE_PREFIX) for column in columns):
        if name in TAKEN_SLICES:
            findings.add(
                f"the column {name!r} would be a slice, but evaluation has a slice of this name; rename it, or list "
                "the other columns under `slices` of the source"
            )
    findings.raise_any()
