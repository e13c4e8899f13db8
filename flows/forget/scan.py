"""A search of all stores of a checkout for a person's names and bytes."""

import re
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
    words = b"|".join(re.escape(name.encode()) for name in names)
    pattern = re.compile(rb"(?<![A-Za-z0-9_])(?:" + words + rb")(?![A-Za-z0-9_])")
    lines = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if not path.is_file() or set(name.parts) & set(_LEFT_OUT):
            continue
        if pattern.search(name.as_posix().encode()):
            lines.append(f"{name}: its name")
        elif pattern.search(path.read_bytes()):
            lines.append(f"{name}: names the person")
        elif content_hash(path) in digests:
            lines.append(f"{name}: has the bytes of a file of the person")
    return lines
