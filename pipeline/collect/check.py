"""Check of an inbox before it is versioned: every file is opened, every label file is compared with its media."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from heelstrike.errors import UserError
from heelstrike.media import files_below, files_matching, is_image, kind_of
from heelstrike.progress import progress
from heelstrike.text import storable
from heelstrike.video.reader import VideoReader
from pipeline.collect.file_source import FileSource
from pipeline.collect.frames import read_still
from pipeline.collect.readers import read_labels
from pipeline.collect.settings import CollectSettings
from pipeline.collect.together import refused_together
from pipeline.layout import REASON_SUFFIX, Layout
from pipeline.problem import Problem
from pipeline.synthetic.settings import SyntheticSource

_MAX_FINDINGS = 20  # of a label file


@dataclass
class Checked:
    """The result of the check; files are named relative to the inbox.

    Attributes:
        accepted: Label files without findings and the media they name, sorted.
        rejected: What is wrong with a file itself, by its name.
        waiting: Files that cannot be taken before others are put right: the others' names, by the file's name. These
            are label files of media that cannot be used, and media of label files that cannot be used.
        unknown: Why a file is nothing that is ingested, by its name; with `strict` it is among those rejected.
    """

    accepted: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def check_inbox(
    inbox: Path,
    settings: CollectSettings,
    problem: Problem,
    layout: Layout,
    unfinished: Collection[str] = (),
    versioned: Collection[str] = (),
) -> Checked:
    """Open every video and image, read every label file, and check that they fit together.

    A label file with any finding is left as a whole, together with the media that no other label file names.
    Otherwise a batch would have to be ingested in two halves.

    Args:
        inbox: The folder.
        settings: The sources, which say what a label file is.
        problem: The problem, which says what a label is.
        layout: Layout of the problem, which has the work cache.
        unfinished: Files that are still being written. They are not opened, and what needs them waits for them.
        versioned: Files that a batch has already. They are taken again only with new labels.
    """
    listed = [path.relative_to(inbox).as_posix() for path in files_below(inbox)]
    names = [name for name in listed if not name.endswith(REASON_SUFFIX)]
    unnamable = {name for name in names if storable(name) != name}
    checked = Checked(rejected=dict.fromkeys(unnamable, "its name is not valid UTF-8; rename it"))
    sources = [source for source in settings.sources if not isinstance(source, SyntheticSource)]
    by_source = [(source, _matching(inbox, source.labels) - unnamable) for source in sources]
    label_files = {name for _, matching in by_source for name in matching}
    tables, further = dict[str, pd.DataFrame](), dict[str, list[str]]()
    for name in sorted(label_files - set(unfinished) - set(versioned)):
        readers = [source for source, matching in by_source if name in matching]
        try:
            tables[name], further[name] = _read(inbox, name, readers, problem, versioned)
        except UserError as error:
            checked.rejected[name] = _relative(error, inbox)
    named = {media for table in tables.values() for media in table["media"]}
    opened = [n for n in names if n not in unnamable and n not in unfinished and (n in named or n not in versioned)]
    lengths = _open_media(inbox, opened, checked)
    _sort_label_files(tables, lengths, set(unfinished), checked)
    good = [(source, matching & set(checked.accepted)) for source, matching in by_source]
    checked.rejected |= refused_together(inbox, good, settings, problem, layout)
    checked.accepted = [name for name in checked.accepted if name not in checked.rejected]
    parts = {part: name for name, files in further.items() for part in files}
    for part, name in parts.items():
        if name in checked.accepted:
            checked.accepted.append(part)
        else:
            checked.waiting[part] = [name]
    _sort_media(names, lengths, tables, label_files, unfinished, versioned, checked)
    other = set(names) - label_files - set(parts) - set(lengths) - set(checked.rejected) - {*unfinished, *versioned}
    patterns = ", ".join(source.labels for source in sources) or "nothing"
    left_out = checked.rejected if settings.strict else checked.unknown
    left_out |= dict.fromkeys(other, f"neither video, image nor label file; label files are {patterns}")
    checked.accepted.sort()
    return checked


def _sort_label_files(
    tables: dict[str, pd.DataFrame], lengths: dict[str, int], unfinished: Collection[str], checked: Checked
) -> None:
    """Accept the label files whose media can be used, and say what is wrong with the others or what they wait for."""
    unusable = set(checked.rejected) | set(unfinished)
    for name, table in tables.items():
        if findings := _findings(table, lengths, unusable):
            rest = len(findings) - _MAX_FINDINGS
            more = [f"{name}: and {rest} more"] if rest > 0 else []
            checked.rejected[name] = "\n".join(findings[:_MAX_FINDINGS] + more)
        elif causes := sorted(set(table["media"]) & unusable):
            checked.waiting[name] = causes
        else:
            checked.accepted.append(name)


def _matching(inbox: Path, pattern: str) -> set[str]:
    paths = {path.relative_to(inbox).as_posix() for path in files_matching(inbox, pattern)}
    return {name for name in paths if not name.endswith(REASON_SUFFIX)}


def _read(
    inbox: Path, name: str, sources: Sequence[FileSource], problem: Problem, versioned: Collection[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns source, media and frame of a label file's rows, and the further files that belong to it.

    A file without any label is good only if its rows withdraw labels: if a batch has their media already.

    Raises:
        UserError: A source cannot read it, or none finds a label in it.
    """
    labels = [read_labels(inbox / name, inbox, source, problem) for source in sources]
    rows = [rows for part in labels for rows in (part.table, part.empty) if len(rows)]
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    withdraws = bool(rows) and set(table["media"]) <= set(versioned)
    if not withdraws and all(part.table.empty for part in labels):
        dropped = [(reason, len(rows)) for part in labels for reason, rows in part.dropped.items()]
        reasons = "; ".join(f"{reason} ({count})" for reason, count in dropped)
        raise UserError(f"none of its labels can be used: {reasons or 'nothing is labelled'}")
    return table[["source", "media", "frame"]], [file for part in labels for file in part.files]


def _open_media(inbox: Path, names: list[str], checked: Checked) -> dict[str, int]:
    """Decode every video and image to its end; return the number of frames of each readable one, 0 for an image."""
    media = [name for name in names if kind_of(inbox / name)]
    lengths: dict[str, int] = {}
    with progress("open videos and images", len(media)) as bar:
        for name in media:
            try:
                lengths[name] = _length(inbox / name)
            except UserError as error:
                checked.rejected[name] = _relative(error, inbox)
            bar.advance()
    return lengths


def _length(path: Path) -> int:
    if is_image(path):
        read_still(path)
        return 0
    with VideoReader(path) as reader:
        return reader.count()


def _relative(error: UserError, inbox: Path) -> str:
    return str(error).replace(f"{inbox}/", "")


def _findings(table: pd.DataFrame, lengths: dict[str, int], unusable: Collection[str]) -> list[str]:
    """Return a line for each label of media that are not there, or of a frame beyond a video's end."""
    findings = []
    for source, media, frame in zip(table["source"], table["media"], table["frame"], strict=True):
        if media in unusable:
            continue
        if media not in lengths:
            findings.append(f"{source}: {media} is not in the inbox")
        elif frame >= max(lengths[media], 1):
            findings.append(f"{source}: frame {frame} of {media}, which has the frames 0 to {lengths[media] - 1}")
    return findings


def _sort_media(
    names: list[str],
    lengths: dict[str, int],
    tables: dict[str, pd.DataFrame],
    label_files: set[str],
    unfinished: Collection[str],
    versioned: Collection[str],
    checked: Checked,
) -> None:
    """Accept the media that accepted label files name; say what the others wait for."""
    naming = dict[str, list[str]]()
    for name, table in tables.items():
        for media in set(table["media"]):
            naming.setdefault(media, []).append(name)
    # nobody knows which media these name
    unread = sorted(name for name in label_files if name not in tables and name not in versioned)
    for name in (name for name in names if name in lengths):
        by = naming.get(name, [])
        if any(label_file in checked.accepted for label_file in by):
            checked.accepted.append(name)
        elif by or unread:
            checked.waiting[name] = sorted(by) or unread
        elif name not in versioned:
            checked.rejected[name] = "no label file names it"
