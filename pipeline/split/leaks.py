"""The leak check. It reads the written files only and does not depend on the code that made them."""

import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipeline.coco_entries import entries
from pipeline.near_duplicates import near_pairs

_MAX_LISTED = 20


class Names(NamedTuple):
    """What the check needs of a COCO file.

    Attributes:
        images: Subject of each image, by its file name.
        subjects: Subjects of all images and annotations.
    """

    images: dict[str, str]
    subjects: set[str]


def read_names(path: Path) -> Names:
    """Read the names of a COCO file.

    Raises:
        UserError: It is missing, or is not a COCO file.
    """
    images = {image["file_name"]: sys.intern(image["subject"]) for image in entries(path, "images")}
    return Names(images, {*images.values(), *(label["subject"] for label in entries(path, "annotations"))})


def find_leaks(parts: dict[str, Names], hashes: dict[str, str], bits: int | None) -> list[str]:
    """Find subjects, images and near duplicates that two COCO files share.

    Args:
        parts: Name of a part -> the names of its COCO file.
        hashes: Image file name -> perceptual hash; not used without `bits`.
        bits: Largest difference of the hashes of near duplicates, in bits; `None` compares no hashes.

    Returns:
        One line for each shared subject, for each shared image, and for the near duplicates of each two subjects.
    """
    leaks = []
    for (a, left), (b, right) in itertools.combinations(parts.items(), 2):
        shared = {"subject": left.subjects & right.subjects, "image": left.images.keys() & right.images.keys()}
        for noun, names in shared.items():
            leaks += [f"{noun} {name!r} is in {a} and in {b}" for name in sorted(names)]
    return leaks if bits is None else leaks + _look_alikes(parts, hashes, bits)


def _look_alikes(parts: dict[str, Names], hashes: dict[str, str], bits: int) -> list[str]:
    images = [(part, name, subject) for part, names in parts.items() for name, subject in names.images.items()]
    crossing: dict[tuple[str, str], list[str]] = {}
    for i, j in near_pairs([hashes[name] for _, name, _ in images], bits):
        (a, left_name, left_subject), (b, right_name, right_subject) = images[i], images[j]
        if a != b and left_name != right_name:
            subjects = f"{left_subject!r} ({a})", f"{right_subject!r} ({b})"
            crossing.setdefault(subjects, []).append(f"{left_name} ~ {right_name}")
    return [
        f"images of the subjects {left} and {right} look alike: {_some(pairs)}"
        for (left, right), pairs in sorted(crossing.items())
    ]


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return ", ".join(listed[:_MAX_LISTED]) + more
