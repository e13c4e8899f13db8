"""Label files about several people: the entries about one of them, and the file without these.

Lines of tables are recognized by the person's name in a column `subject`, or by a name in any cell; entries of COCO,
Label Studio, VIA and CVAT by a name among their values (`documents.py`). Files of HDF5 are for their label programs.
"""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

from flows.forget.documents import About, without_elements, without_entries
from flows.forget.scan import words_of
from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.media import MEDIA
from pipeline.collect.findings import Findings
from pipeline.collect.readers.xml_file import read_xml

_TABLES = (".csv", ".tsv", ".txt")
_HDF5 = (".h5", ".hdf5", ".slp")
_SUBJECT = "subject"


def entries_about(path: Path, subject: str, names: list[str]) -> int | None:
    """Return the number of entries about a person; `None` if the file is of a kind that nothing here changes.

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
    """Return the text of a label file without the entries about a person, and their number.

    Returns:
        `None` if the file is of no known kind, or if the person would still be named after the removal.
    """
    suffix = path.suffix.lower()
    if suffix in (*_HDF5, *MEDIA):
        return None
    with path.open(errors="surrogateescape", newline="") as stream:
        text = stream.read()
    if suffix in _TABLES:
        lines = text.splitlines(keepends=True)
        about = lines_about(lines, subject, names)
        return "".join(line for line, one in zip(lines, about, strict=True) if not one), sum(about)

    def is_about(key: str, value: str) -> bool:
        return _names(value, names) or (key == _SUBJECT and value == subject)

    rest, count = _rest_of_xml(path, is_about) if suffix == ".xml" else _rest_of_json(text, is_about)
    still_named = names and words_of(names).search(rest)
    return None if count is None or (count and still_named) else (rest, count)


def _rest_of_json(text: str, about: About) -> tuple[str, int | None]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "", None
    count = without_entries(document, about)
    return json.dumps(document, indent=1, ensure_ascii=False), count


def _rest_of_xml(path: Path, about: About) -> tuple[str, int | None]:
    try:
        root = read_xml(path, Findings(path.name))
    except UserError:
        return "", None
    count = without_elements(root, about)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True), count
