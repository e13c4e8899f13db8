"""Roboflow's COCO exports: several changed copies of a picture, which have to stay in one split."""

import re
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from pipeline.collect.subject_setting import IMAGE, Subject
from pipeline.collect.subjects import clean

_COPY = re.compile(r"(.+)_(?:jpe?g|png|bmp|webp|tiff?)\.rf\.\w+\.\w+$", re.IGNORECASE)


def originals_of(entries: list[dict[str, Any]]) -> list[str]:
    """Return the name of the picture that Roboflow made each image from; empty for an image that it did not make.

    The file name is ``NAME_jpg.rf.HASH.jpg``; newer exports also have `extra: {name: ...}`.
    """
    names = []
    for entry in entries:
        match = _COPY.match(PurePosixPath(str(entry["file_name"]).replace("\\", "/")).name)
        extra = entry.get("extra")
        stated = extra.get("name") if isinstance(extra, dict) else None
        names.append(clean(str(stated or match[1])) if match else "")
    return names


def copies_together(
    subjects: pd.Series, entries: list[dict[str, Any]], setting: Subject | None, where: str
) -> tuple[pd.Series, list[str]]:
    """Make all copies of one picture one subject if each image is a subject of its own.

    Args:
        subjects: Subject of each annotation.
        entries: The image's entry of each annotation.
        setting: The source's setting of the subject.
        where: The label file, for the note.

    Returns:
        The subjects, and a note for the user if there are copies.
    """
    originals = pd.Series(originals_of(entries), index=subjects.index, dtype="str")
    copied = originals != ""
    if setting not in (None, IMAGE) or not copied.any():
        return subjects, []
    files = len({entry["file_name"] for entry, copy in zip(entries, copied, strict=True) if copy})
    note = (
        f"{where}: {files} images are copies that Roboflow made of {originals[copied].nunique()} pictures; the copies "
        "of a picture are one subject"
    )
    return subjects.where(~copied, originals), [note]
