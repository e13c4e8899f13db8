"""Where the data of one person is: raw files, labels, splits, outputs of stages, versions."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from flows.batches import content_hash
from flows.forget.labels import entries_about, mentions
from heelstrike.errors import UserError, did_you_mean
from heelstrike.media import MEDIA, files_below
from heelstrike.registry.versions import CHALLENGER, CHAMPION
from pipeline.collect.batches import is_batch_name
from pipeline.layout import STAGES, Layout
from pipeline.params import load_params
from pipeline.registry.store import open_registry
from pipeline.review.inputs import Inputs
from pipeline.splits import SPLITS, TEST
from pipeline.tracking.tags import LEARNED

PERSONAL = ("collect", "validate", "split", "prepare", "evaluate")
"""Stages whose outputs show or name people."""


@dataclass
class Traces:
    """What the stores hold of a person.

    Attributes:
        subject: The person, as annotations name them.
        media: Raw files that show the person, relative to data/raw/PROBLEM, with their MD5.
        label_files: Label files that are about this person alone, likewise.
        label_entries: Number of lines or images about the person in each label file that is about others too.
        by_hand: Label files about this person and others from which no command can remove entries.
        words: Words by which any text names the person: the name, unless it is a number or a word that the stores use
            for something else, and the ends of the paths of media, as long as no other file's path ends so.
        batches: Names of the batches with any of these.
        split: The person's split; empty if there is none.
        images: Number of labelled images.
        versions: What each version did with the person, by its number: `learned from` or `was tested on`.
        unknown_versions: Versions without a record of people.
    """

    subject: str
    media: dict[str, str] = field(default_factory=dict)
    label_files: dict[str, str] = field(default_factory=dict)
    label_entries: dict[str, int] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    split: str = ""
    images: int = 0
    versions: dict[int, str] = field(default_factory=dict)
    unknown_versions: list[int] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The traces for a person who decides."""
        lines = [f"raw file    {name}" for name in self.media]
        lines += [f"label file  {name}" for name in self.label_files]
        lines += [f"label file  {name}: {count} entries of it" for name, count in self.label_entries.items()]
        lines += [f"label file  {name}: cannot be changed by this command" for name in self.by_hand]
        lines += [f"split       {self.split}"] if self.split else []
        lines += [f"outputs     {self.images} images and their rows in the outputs of {', '.join(PERSONAL)}"]
        lines += [f"version     {number} {use} this person" for number, use in self.versions.items()]
        return lines + [f"version     {number} has no record of people" for number in self.unknown_versions]


def traces_of(layout: Layout, subject: str) -> Traces:
    """Return what the stores of a checkout hold of a person.

    Raises:
        UserError: Nothing is known of such a person, or the annotations are missing.
    """
    path = layout.out("collect") / "annotations.parquet"
    if not path.is_file():
        raise UserError(f"{path}: missing; `dvc checkout` or `heelstrike retrain {layout.problem}` restores it first")
    table = pd.read_parquet(path, columns=["image", "subject", "video", "source"])
    own = table[table["subject"] == subject]
    traces = Traces(subject, images=len(own))
    _add_media(traces, layout, table, own)
    _add_labels(traces, layout, table, own)
    files = [*traces.media, *traces.label_files, *traces.label_entries, *traces.by_hand]
    traces.batches = sorted({name.split("/")[0] for name in files if is_batch_name(name.split("/")[0])})
    traces.split = _splits(layout).get(subject, "")
    _add_versions(traces, layout)
    if not traces.images and not traces.split and not traces.versions:
        known = sorted(set(table["subject"]))
        raise UserError(f"{subject}: {layout.problem} has no person of this name{did_you_mean(subject, known)}")
    return traces


def _add_media(traces: Traces, layout: Layout, table: pd.DataFrame, own: pd.DataFrame) -> None:
    """Find the media that show the person: those of the annotations, and others in folders of the person's name."""
    shown, of_others = _media(own), _media(table[table["subject"] != traces.subject])
    every = {path.relative_to(layout.raw).as_posix(): path for path in files_below(layout.raw)}
    for name, path in every.items():
        in_own_folder = traces.subject in Path(name).parts and not is_common(traces.subject, layout)
        if name in shown or (path.suffix.lower() in MEDIA and in_own_folder and name not in of_others):
            traces.media[name] = content_hash(path)
    others = [name for name in every if name not in traces.media]
    traces.words = sorted({own_end(name, others) for name in traces.media})
    if not is_common(traces.subject, layout):
        traces.words.insert(0, traces.subject)


def _media(rows: pd.DataFrame) -> set[str]:
    return {*rows["video"], *rows["image"].str.removeprefix("images/")}


def own_end(name: str, others: list[str]) -> str:
    """Return the shortest end of a path, in whole parts, that none of the other paths has."""
    parts = name.split("/")
    ends = ("/".join(parts[start:]) for start in range(len(parts) - 1, -1, -1))
    return next((end for end in ends if not any(f"/{other}".endswith(f"/{end}") for other in others)), name)


def is_common(subject: str, layout: Layout) -> bool:
    """Return True if a person's name is a number, a letter, or a word that the stores use for something else."""
    words = {*SPLITS, *STAGES, CHAMPION, CHALLENGER, *load_params(layout.root / "params.yaml")}
    return len(subject) == 1 or re.fullmatch(r"[\d.+-]+", subject) is not None or subject.lower() in words


def _add_labels(traces: Traces, layout: Layout, table: pd.DataFrame, own: pd.DataFrame) -> None:
    """Find the label files that the annotations name, and those that were corrected by later ones."""
    people = table.groupby(table["source"].str.rsplit(":", n=1).str[0])["subject"].agg(set).to_dict()
    named = set(own["source"].str.rsplit(":", n=1).str[0])
    for path in files_below(layout.raw):
        name = path.relative_to(layout.raw).as_posix()
        if path.suffix.lower() in MEDIA or path.suffix == ".dvc" or name in traces.media:
            continue
        count = entries_about(path, traces.subject, traces.words)
        text = path.read_text(errors="replace") if count is None else ""
        if name not in named and not count and not any(mentions(line, traces.words) for line in text.splitlines()):
            continue
        if people.get(name) == {traces.subject}:
            traces.label_files[name] = content_hash(path)
        elif count:
            traces.label_entries[name] = count
        else:
            traces.by_hand.append(name)


def _splits(layout: Layout) -> dict[str, str]:
    path = layout.root / "data" / layout.problem / "subjects.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as stream:
        return {row["subject"]: row["split"] for row in csv.DictReader(stream)}


def _add_versions(traces: Traces, layout: Layout) -> None:
    with open_registry(layout.root, layout.problem) as registry:
        for version in registry.versions():
            sources = Inputs(registry, version).sources
            splits = {source.split for source in sources if source.subject == traces.subject}
            if splits:
                traces.versions[version.number] = "was tested on" if splits == {TEST} else LEARNED
            elif not sources:
                traces.unknown_versions.append(version.number)
