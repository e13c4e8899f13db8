"""The leak check. It reads the written files only and does not depend on the code that made them."""

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.near_duplicates import near_pairs

_MAX_LISTED = 20
_NEEDED = ("images", "annotations", "file_name", "subject")


def read_names(path: Path) -> dict[str, Any]:
    """Read those fields of a COCO file that `find_leaks` needs; whole, large files would fill the memory."""
    subjects: dict[str, Any] = {}

    def kept(entry: dict[str, Any]) -> Any:
        fields = {name: entry[name] for name in _NEEDED if name in entry}
        if "subject" not in fields:
            return fields
        only = subjects.setdefault(fields["subject"], {"subject": fields["subject"]})
        return {**fields, **only} if len(fields) > 1 else only

    content: dict[str, Any] = json.loads(path.read_text(), object_hook=kept)
    return content


def find_leaks(parts: dict[str, dict[str, Any]], hashes: dict[str, str], bits: int | None) -> list[str]:
    """Find subjects, images and near duplicates that two COCO files share.

    Args:
        parts: Name of a part -> its COCO JSON.
        hashes: Image file name -> perceptual hash.
        bits: Largest difference of the hashes of near duplicates, in bits; `None` compares no hashes.

    Returns:
        One line for each shared subject, for each shared image, and for the near duplicates of each two subjects.
    """
    leaks = []
    for (a, left), (b, right) in itertools.combinations(parts.items(), 2):
        for noun, names_of in (("subject", _subjects), ("image", _files)):
            leaks += [f"{noun} {name!r} is in {a} and in {b}" for name in sorted(names_of(left) & names_of(right))]
    images = [(part, i["file_name"], i["subject"]) for part, content in parts.items() for i in content["images"]]
    crossing: dict[tuple[str, str], list[str]] = {}
    for i, j in near_pairs([hashes[name] for _, name, _ in images], bits):
        (a, left_name, left_subject), (b, right_name, right_subject) = images[i], images[j]
        if a != b and left_name != right_name:
            subjects = f"{left_subject!r} ({a})", f"{right_subject!r} ({b})"
            crossing.setdefault(subjects, []).append(f"{left_name} ~ {right_name}")
    leaks += [
        f"images of the subjects {left} and {right} look alike: {_some(pairs)}"
        for (left, right), pairs in sorted(crossing.items())
    ]
    return leaks


def _subjects(content: dict[str, Any]) -> set[str]:
    return {entry["subject"] for section in ("images", "annotations") for entry in content[section]}


def _files(content: dict[str, Any]) -> set[str]:
    return {image["file_name"] for image in content["images"]}


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return ", ".join(listed[:_MAX_LISTED]) + more
