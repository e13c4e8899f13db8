"""The leak check: looks only at the files that were written, not at how they came about."""

import itertools
from collections.abc import Iterable
from typing import Any

from pipeline.near_duplicates import near_pairs

_MOST = 20


def find_leaks(parts: dict[str, dict[str, Any]], hashes: dict[str, str], bits: int | None) -> list[str]:
    """Everything that two COCO files share but must not.

    Args:
        parts: Name of a part to its COCO JSON; no two may share a subject, an image, or images that look alike.
        hashes: Image file name to perceptual hash.
        bits: Near-duplicates differ in at most so many bits.

    Returns:
        One line for each shared subject and image, and for the near-duplicates of two subjects; empty when clean.
    """
    found = []
    for (a, left), (b, right) in itertools.combinations(parts.items(), 2):
        for what, of in (("subject", _subjects), ("image", _files)):
            found += [f"{what} {name!r} is in {a} and in {b}" for name in sorted(of(left) & of(right))]
    images = [(part, i["file_name"], i["subject"]) for part, content in parts.items() for i in content["images"]]
    crossing: dict[tuple[str, str], list[str]] = {}
    for i, j in near_pairs([hashes[name] for _, name, _ in images], bits):
        (a, left_name, left_subject), (b, right_name, right_subject) = images[i], images[j]
        if a != b and left_name != right_name:
            who = f"{left_subject!r} ({a})", f"{right_subject!r} ({b})"
            crossing.setdefault(who, []).append(f"{left_name} ~ {right_name}")
    found += [
        f"images of the subjects {left} and {right} look alike: {_some(pairs)}"
        for (left, right), pairs in sorted(crossing.items())
    ]
    return found


def _subjects(content: dict[str, Any]) -> set[str]:
    return {entry["subject"] for kind in ("images", "annotations") for entry in content[kind]}


def _files(content: dict[str, Any]) -> set[str]:
    return {image["file_name"] for image in content["images"]}


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - _MOST} more" if len(listed) > _MOST else ""
    return ", ".join(listed[:_MOST]) + more
