"""The same video or image in several batches is stored once: by DVC in any case, and in the checkout by a hard link."""

import os
from pathlib import Path

from flows.batches import Batch, content_hash
from heelstrike.media import kind_of
from pipeline.layout import Layout


def share_media(layout: Layout, batch: Path, digests: dict[str, str], batches: list[Batch]) -> None:
    """Replace the media of a new batch by links to the same files of earlier batches, where there are some.

    This comes after `dvc add`, which replaces links by copies. Where the file system has no links, the copies stay.

    Args:
        layout: The problem's paths.
        batch: Folder of the new batch.
        digests: MD5 of each of its files.
        batches: The earlier batches.
    """
    earlier = {digest: layout.raw / b.name / path for b in batches for path, digest in b.files.items()}
    for name, digest in digests.items():
        source, copy = earlier.get(digest), batch / name
        if source is None or kind_of(copy) is None or not source.is_file() or content_hash(source) != digest:
            continue
        link = layout.raw / f".{batch.name}.link"
        link.unlink(missing_ok=True)
        try:
            os.link(source, link)
        except OSError:
            return
        link.replace(copy)
