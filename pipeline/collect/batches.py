"""Names of ingested batches: files of the batch 0002 lie below data/raw/PROBLEM/0002-DIGEST."""

import re

_BATCH = re.compile(r"^(\d{4,})-[0-9a-f]{8,}/")


def batch_of(path: str) -> int:
    """Return the number of the batch that a path below data/raw/PROBLEM lies in; 0 if it lies in none."""
    match = _BATCH.match(path)
    return int(match[1]) if match else 0


def without_batch(path: str) -> str:
    """Return the path without the folder of its batch."""
    return _BATCH.sub("", path)
