"""The label files of a source: those that match its pattern, without those of batches that no version holds."""

import glob
import re
from pathlib import Path

BATCH_NAME = re.compile(r"\d{4,}-[0-9a-f]{10}")
"""Name of a batch's folder: its number and a digest of its content."""


def matching_files(folder: Path, pattern: str) -> list[Path]:
    """Return the files below a folder that match a pattern, sorted. Hidden files are left out, linked folders read."""
    names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob does not follow links
    return sorted(path for path in (folder / name for name in names) if path.is_file())


def unversioned_batches(raw: Path) -> list[str]:
    """Return the names of the batches that DVC does not know: their ingest was interrupted, or they are of a branch."""
    folders = sorted(path for path in raw.glob("[0-9]*-*") if BATCH_NAME.fullmatch(path.name) and path.is_dir())
    return [folder.name for folder in folders if not folder.with_name(f"{folder.name}.dvc").is_file()]


def versioned_label_files(raw: Path, pattern: str) -> list[Path]:
    """Return the label files of all batches that DVC knows, and of everything else below `raw`, sorted."""
    unversioned = set(unversioned_batches(raw))
    return [path for path in matching_files(raw, pattern) if path.relative_to(raw).parts[0] not in unversioned]


def unversioned_note(names: list[str]) -> str:
    """Return the sentence about batches that are not read."""
    return (
        f"not read, since no version holds them: {', '.join(names)}; an ingest was interrupted (`heelstrike ingest` "
        f"puts it right), or they belong to another branch"
    )
