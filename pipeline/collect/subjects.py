"""Who is shown in each image, by the setting `subject` of its source."""

import re
import unicodedata
from pathlib import PurePosixPath

import pandas as pd

from pipeline.collect.batches import without_batch
from pipeline.collect.findings import Findings
from pipeline.collect.subject_setting import FOLDER, IMAGE, Subject, SubjectPattern, column_of

ADVICE = (
    "`subject: folder` if each folder is one person, `subject: {pattern: REGEX}` if the path names the person, the "
    "name of a column or key of the label file, or `subject: image` if each image really shows another person"
)
_GROUP = "subject"
_MAX_LISTED = 5  # folders or series
_NUMBER = re.compile(r"[0-9]+$")


def subjects_of(
    setting: Subject | None,
    media: pd.Series,
    offered: pd.DataFrame,
    rows: pd.Series,
    findings: Findings,
    default: pd.Series | None = None,
) -> pd.Series:
    """Return the subject of each label, in Unicode's normal form NFC and without surrounding blanks.

    Args:
        setting: The source's setting; `None` if the user has not stated it.
        media: Media of each label, relative to the source's root, forward slashes.
        offered: Columns or keys of the label file that may name the subject, a row for each label.
        rows: Name of each label in messages, for instance "row 3".
        findings: Gets a finding for each label without a subject.
        default: Subjects if the setting is `None`; by default each media is its own subject.

    Returns:
        Names of the subjects, with the index of `media`.
    """
    if setting is None:
        return media if default is None else default
    if setting == IMAGE:
        return media
    if setting == FOLDER:
        return media.map({name: folder_of(name) for name in media.unique()})
    if isinstance(setting, SubjectPattern):
        return _by_pattern(setting.pattern, media, rows, findings)
    return _by_column(str(column_of(setting)), offered, rows, findings)


def folder_of(path: str) -> str:
    """Return the name of the folder of a file, `.` if the path has none."""
    return PurePosixPath(path).parent.name or "."


def _by_pattern(pattern: str, media: pd.Series, rows: pd.Series, findings: Findings) -> pd.Series:
    group = _GROUP if _GROUP in re.compile(pattern).groupindex else 1
    # the folder of an ingested batch says nothing about the person
    matches = {name: re.search(pattern, without_batch(name)) for name in media.unique()}
    subjects = {name: clean(match[group] or "") if match else "" for name, match in matches.items()}
    for row, name in zip(rows, media, strict=True):
        if not subjects[name]:
            findings.add(
                f"{row}: the path {without_batch(name)!r} does not match the pattern {pattern!r} of `subject`, or its "
                "group is empty; correct the pattern, so that it finds the subject in every path"
            )
            subjects[name] = "?"  # one finding for each file
    return media.map(subjects)


def _by_column(name: str, offered: pd.DataFrame, rows: pd.Series, findings: Findings) -> pd.Series:
    if name not in offered.columns:
        columns = [str(column) for column in offered.columns]
        if len(rows):
            findings.add(
                f"no column or key {name!r}, which names the subject (collect.sources: subject); found {columns}; use "
                f"one of them, or {ADVICE}"
            )
        return pd.Series("", index=rows.index, dtype="str")
    subjects = offered[name].map(_word).set_axis(rows.index)
    for row in rows[subjects == ""].unique():
        findings.add(f"{row}: {name!r} is empty, expected the subject that is shown")
    return subjects.astype("str")


def _word(value: object) -> str:
    """Return a cell or JSON value as a name; empty if it is no name."""
    if value is None or isinstance(value, bool | dict | list) or value != value:  # NaN where an entry lacks the key
        return ""
    return clean(str(value))


def clean(name: str) -> str:
    """Return a name in Unicode's normal form NFC without surrounding blanks."""
    return unicodedata.normalize("NFC", name).strip()


def refuse_unstated(tables: list[pd.DataFrame], findings: Findings) -> int:
    """Add a finding if images that belong together would be different subjects though nobody has said so.

    Frames of one video and the pictures of one person usually lie in a folder of their own, or are numbered as one
    series (`frame_0001.png`, `frame_0002.png`). As different subjects they would get into training and test.

    Args:
        tables: Labels of a source whose `subject` is not stated.
        findings: Gets the finding, which names the folders and series.

    Returns:
        The number of images that are subjects of their own.
    """
    pairs = [table.loc[table["frame"] < 0, ["media", "subject"]] for table in tables if len(table)]
    if not pairs:
        return 0
    once = pd.concat(pairs).drop_duplicates()
    listed = []
    for name, images in once.groupby(_groups(once["media"]), sort=True):
        if name and images["subject"].nunique() > 1:
            some = ", ".join(PurePosixPath(path).name for path in sorted(images["media"])[:2])
            listed.append(f"{len(images)} of {name} ({some}, ...)")
    if listed:
        more = f" and of {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
        findings.add(
            f"images of one folder or series would be different subjects, {', '.join(listed[:_MAX_LISTED])}{more}, and "
            "images of one person could lie in training and test; state who is shown (collect.sources: subject): "
            f"{ADVICE}"
        )
    return int((once["media"] == once["subject"]).sum())


def _groups(media: pd.Series) -> pd.Series:
    """Return the folder of each image where there is more than one folder, else its series; empty for neither."""
    folders = media.map(lambda path: PurePosixPath(without_batch(path)).parent.as_posix())
    if folders.nunique() > 1:
        return folders
    stems = media.map(lambda path: _NUMBER.sub("", PurePosixPath(path).stem))
    return (folders + "/" + stems + "*").where(stems != "", "")
