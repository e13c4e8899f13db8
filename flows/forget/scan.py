"""A search of all stores of a checkout for a person's names and bytes."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from flows.batches import content_hash

_LEFT_OUT = (".git", ".venv", "__pycache__")


def scan(root: Path, names: list[str], digests: set[str]) -> list[str]:
    """Return a line about each file whose path or content names a person, or whose bytes are a file of theirs.

    Args:
        root: The repository root; its stores are below it. The history of git is not searched.
        names: Words; they are found where no letter, digit or underscore is beside them.
        digests: MD5 of the person's files.
    """
    words = words_of(names or ["\0"])  # nothing has this name
    pattern = re.compile(words.pattern.encode())
    lines = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if not path.is_file() or set(name.parts) & set(_LEFT_OUT):
            continue
        if pattern.search(name.as_posix().encode()):
            lines.append(f"{name}: its name")
        elif _is_database(path):
            if any(map(words.search, _texts(path))):
                lines.append(f"{name}: names the person")
        elif pattern.search(path.read_bytes()):
            lines.append(f"{name}: names the person")
        elif content_hash(path) in digests:
            lines.append(f"{name}: has the bytes of a file of the person")
    return lines


def words_of(names: list[str]) -> re.Pattern[str]:
    """Return a pattern of the names where no letter, digit or underscore is beside them."""
    return re.compile(f"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9_])")


def text_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return table and column of everything in an SQLite database that may hold text."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [(table, row[1]) for table in tables for row in connection.execute(f'PRAGMA table_info("{table}")')]


def _is_database(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def _texts(database: Path) -> Iterator[str]:
    """Yield every text of an SQLite database, whose file puts texts beside each other without a gap."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        for table, column in text_columns(connection):
            query = f'SELECT "{column}" FROM "{table}" WHERE typeof("{column}") = \'text\''
            yield from (text for (text,) in connection.execute(query))
