"""The batches below data/raw, as the collect stage sees them: those without a pointer of DVC are in no version."""

import re
from pathlib import Path

from heelstrike.media import files_matching

BATCH_NAME = re.compile(r"\d{4,}-[0-9a-f]{10}")
"""Name of a batch's folder: its number and a digest of its content."""


def unversioned_batches(raw: Path) -> list[str]:
    """Return the names of batch folders without a pointer: their ingest was interrupted, or another branch has it."""
    folders = sorted(path for path in raw.glob("[0-9]*-*") if BATCH_NAME.fullmatch(path.name) and path.is_dir())
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
