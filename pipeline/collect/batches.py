"""Ingested batches below data/raw/PROBLEM: their names, and which of them DVC has versioned."""

import re
from pathlib import Path

from heelstrike.media import files_matching

_NAME = r"(\d{4,})-[0-9a-f]{10}"
_BATCH = re.compile(rf"^{_NAME}/")


def batch_of(path: str) -> int:
    """Return the number of the batch that a path below data/raw/PROBLEM lies in; 0 if it lies in none."""
    match = _BATCH.match(path)
    return int(match[1]) if match else 0


def without_batch(path: str) -> str:
    """Return the path without the folder of its batch."""
    return _BATCH.sub("", path)


def is_batch_name(name: str) -> bool:
    """Return True if a folder of this name below data/raw/PROBLEM is a batch: a number and a digest of the content."""
    return re.fullmatch(_NAME, name) is not None


def unversioned_batches(raw: Path) -> list[str]:
    """Return the names of batch folders without a pointer: their ingest was interrupted, or another branch has it."""
    folders = sorted(path for path in raw.glob("[0-9]*-*") if is_batch_name(path.name) and path.is_dir())
    return [folder.name for folder in folders if not folder.with_name(f"{folder.name}.dvc").is_file()]


def versioned_label_files(raw: Path, pattern: str) -> list[Path]:
    """Return the files below `raw` that match a pattern, without those of unversioned batches."""
    unversioned = set(unversioned_batches(raw))
    return [path for path in files_matching(raw, pattern) if path.relative_to(raw).parts[0] not in unversioned]


def unversioned_notes(raw: Path) -> list[str]:
    """Return a sentence for each batch that is not read, for the stage's summary."""
    return [
        f"the batch {name} is not versioned and not read: an ingest was interrupted (run `heelstrike ingest` again), "
        f"or it belongs to another branch"
        for name in unversioned_batches(raw)
    ]
