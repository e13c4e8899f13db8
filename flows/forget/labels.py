"""Label files about several people: the entries about one of them, and the file without these.

Lines of tables are recognized by the person's name in a column `subject`, or by a name in any cell; images of COCO
files by a name among their values.
"""

import csv
import json
from pathlib import Path
from typing import Any

from heelstrike.files import write_aside

_TABLES = (".csv", ".tsv", ".txt")
_SUBJECT = "subject"


def entries_about(path: Path, subject: str, names: list[str]) -> int | None:
    """Return the number of lines or images about a person; `None` if the file is of a kind that nothing here changes.

    Args:
        path: The label file.
        subject: The person.
        names: Words by which any text names the person.
    """
    rest = _rest(path, subject, names)
    return None if rest is None else rest[1]


def remove_entries(path: Path, subject: str, names: list[str]) -> None:
    """Write the file without the entries about a person; a link into DVC's cache is not written through."""
    rest = _rest(path, subject, names)
    if rest is not None and rest[1]:
        with write_aside(path) as aside, aside.open("w", errors="surrogateescape", newline="") as stream:
            stream.write(rest[0])


def lines_about(lines: list[str], subject: str, names: list[str]) -> list[bool]:
    """Return for each line of a table whether it is about a person; the first line may be a header."""
    header = [cell.strip().lower() for cell in _cells(lines[0])] if lines else []
    column = header.index(_SUBJECT) if _SUBJECT in header else len(header)
    subjects = [[cell.strip() for cell in _cells(line)][column : column + 1] for line in lines]
    return [mentions(line, names) or own == [subject] for line, own in zip(lines, subjects, strict=True)]


def mentions(line: str, names: list[str]) -> bool:
    """Return True if a line of a table has one of the names as a cell, or as the end of a path in a cell."""
    return any(_names(cell, names) for cell in _cells(line))


def _names(text: str, names: list[str]) -> bool:
    return any(text.strip() == name or text.strip().endswith(f"/{name}") for name in names)


def _cells(line: str) -> list[str]:
    return next(csv.reader([line.strip("\ufeff").replace("\0", "").replace("\t", ",").replace(";", ",")]), [])


def _rest(path: Path, subject: str, names: list[str]) -> tuple[str, int] | None:
    """Return the text of a label file without the entries about a person, and their number."""
    with path.open(errors="surrogateescape", newline="") as stream:
        text = stream.read()
    if path.suffix.lower() in _TABLES:
        lines = text.splitlines(keepends=True)
        about = lines_about(lines, subject, names)
        return "".join(line for line, one in zip(lines, about, strict=True) if not one), sum(about)
    try:
        document = json.loads(text)
        images, annotations = document["images"], document["annotations"]
        gone = {image["id"] for image in images if _is_about(image, subject, names)}
        document["images"] = [image for image in images if image["id"] not in gone]
        document["annotations"] = [one for one in annotations if one["image_id"] not in gone]
    except (ValueError, KeyError, TypeError):  # not of COCO
        return None
    return json.dumps(document, indent=1), len(gone)


def _is_about(image: dict[str, Any], subject: str, names: list[str]) -> bool:
    return str(image.get(_SUBJECT)) == subject or any(_names(v, names) for v in image.values() if isinstance(v, str))
