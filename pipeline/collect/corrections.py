"""The labels that count for each picture: those of the latest batch, and only one set of them."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pipeline.collect.batches import batch_of
from pipeline.collect.findings import Findings

_PICTURE = ["content", "frame"]
_HELPERS = ["content", "label_file", "empty", "subject_by_path"]


@dataclass(frozen=True)
class Corrected:
    """Labels after the corrections of later batches.

    Attributes:
        table: The labels that count.
        superseded: Labels (``file:row``) that later ones replace, by (batch, later batch).
    """

    table: pd.DataFrame
    superseded: dict[tuple[int, int], list[str]] = field(default_factory=dict)

    @property
    def sentences(self) -> list[str]:
        """What was superseded, for the user."""
        return [
            f"{len(rows)} labels of batch {old:04d} are superseded by labels of batch {new:04d}"
            for (old, new), rows in self.superseded.items()
        ]

    @property
    def summary(self) -> list[dict[str, Any]]:
        """What was superseded, for summary.json."""
        return [
            {"batch": f"{old:04d}", "by": f"{new:04d}", "count": len(rows), "rows": rows}
            for (old, new), rows in self.superseded.items()
        ]


def correct(table: pd.DataFrame, keep_repeated: bool = False) -> Corrected:
    """Keep the latest batch's labels of each picture, and name the same media alike in every batch.

    A picture is a still image with the same decoded pixels, or a frame of a video file with the same bytes. All labels
    of a picture in earlier batches are superseded, also by a row without labels, which withdraws them.

    Args:
        table: Labels with `media`, `frame`, `instance`, `subject`, `source`, `image`, `content` (the same for the same
            pixels or video), `label_file` (path below the source's root), `empty` (True for a row without labels) and
            `subject_by_path` (True if the path names the subject).
        keep_repeated: True if pictures of different names may be the same.

    Returns:
        The table without `content`, `label_file`, `empty` and `subject_by_path`, in the order of its rows. Media that
        were ingested again have the name, and if the path names the subject also the subject, of the first batch that
        has them.

    Raises:
        UserError: The labels of a picture that count come from more than one label file, or from more than one file
            name unless `keep_repeated`.
    """
    batch = table["label_file"].map({name: batch_of(name) for name in table["label_file"].unique()})
    latest = batch.groupby([table[name] for name in _PICTURE]).transform("max")
    superseded: dict[tuple[int, int], list[str]] = {}
    earlier = (batch > 0) & (batch < latest)  # files in no batch are neither earlier nor later
    old = table[earlier & ~table["empty"]]
    replaced = zip(batch[old.index], latest[old.index], old["source"], strict=True)
    for number, by, source in sorted(replaced, key=lambda row: row[:2]):
        superseded.setdefault((int(number), int(by)), []).append(source)
    current = table[~earlier & ~table["empty"]]
    _refuse_repeated(current, ["media", "frame"] if keep_repeated else _PICTURE)
    return Corrected(_renamed(current, table).drop(columns=_HELPERS), superseded)


def _refuse_repeated(table: pd.DataFrame, picture: list[str]) -> None:
    """Raise a finding for each picture that is labelled under two names or in two label files."""
    findings = Findings("labels")
    places = table.drop_duplicates([*picture, "media", "label_file"])
    for _, rows in places[places.duplicated(picture, keep=False)].groupby(picture, sort=False):
        names, frame = sorted(set(rows["media"])), rows["frame"].iloc[0]
        at = f", frame {frame}," if frame >= 0 else ""
        same = f"{' and '.join(names)} show the same picture{at} and" if len(names) > 1 else f"{names[0]}{at}"
        verb = "are" if len(names) > 1 else "is"
        choice = ", or set collect.repeated_pictures: keep" if len(names) > 1 else ""
        in_batch = all(map(batch_of, rows["label_file"]))  # the latest one, which is not changed any more
        advice = "ingest the picture again with its right labels" if in_batch else "keep one"
        findings.add(f"{same} {verb} labelled in {' and in '.join(rows['source'])}; {advice}{choice}")
    findings.raise_any()
    for row in table[table.duplicated(["media", "frame", "instance"])].itertuples():
        findings.add(f"{row.source} is read by two sources of params.yaml; narrow the `labels` of one")
    findings.raise_any()


def _renamed(table: pd.DataFrame, everything: pd.DataFrame) -> pd.DataFrame:
    """Give media that several batches hold the name of the first batch."""
    media = everything.drop_duplicates("media")
    order = media.assign(batch=media["media"].map(batch_of)).sort_values(["batch", "media"])
    first = dict(zip(order["content"][::-1], order["media"][::-1], strict=True))
    names = {name: first[content] for name, content in zip(media["media"], media["content"], strict=True)}
    names = {old: old if batch_of(old) == batch_of(new) else new for old, new in names.items()}
    if all(old == new for old, new in names.items()):
        return table
    stills = dict(zip(media["media"], media["image"], strict=True))
    images = [
        stills[names[old]] if frame < 0 else image.replace(f"/{old}/", f"/{names[old]}/", 1)
        for old, image, frame in zip(table["media"], table["image"], table["frame"], strict=True)
    ]
    renamed = table["media"].map(names)
    # a subject that the path names stays that of the first path, so that the picture stays in its split
    by_path = table["subject_by_path"] & (renamed != table["media"])
    subjects = dict(zip(media["media"], media["subject"], strict=True))
    subject = table["subject"].where(~by_path, renamed.map(subjects))
    return table.assign(media=renamed, subject=subject, image=images)
