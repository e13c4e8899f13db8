"""A search of the stores that are no files of the checkout: a registry on a server, and DVC's remotes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from flows.backup import remote_addresses
from flows.batches import content_hash
from flows.forget.artifacts import artifact_files
from flows.forget.registry_texts import texts_of
from flows.forget.scan import words_of
from heelstrike.redact import without_password
from heelstrike.stores import is_local_file, tracking_uri
from pipeline.layout import Layout
from pipeline.registry.store import open_registry


def scan_servers(layout: Layout, names: list[str], digests: set[str]) -> list[str]:
    """Return a line about each text and file that names a person, or is a file of theirs.

    Args:
        layout: The repository and the problem.
        names: Words, as for `flows.forget.scan.scan`.
        digests: MD5 of the person's files.
    """
    return [*_registry(layout, names, digests), *_remotes(layout.root, digests)]


def _registry(layout: Layout, names: list[str], digests: set[str]) -> list[str]:
    """Search the problem's runs, versions and artifacts, unless their database is a file, which `scan` searches."""
    if is_local_file(tracking_uri(layout.root)):
        return []
    words = words_of(names or ["\0"])  # nothing has this name
    with open_registry(layout.root, layout.problem) as registry, tempfile.TemporaryDirectory() as folder:
        lines = [f"{entry.place}: names the person" for entry in texts_of(registry) if words.search(entry.text)]
        for place, file in artifact_files(registry, Path(folder)):
            if words.search(place):
                lines.append(f"{place}: its name")
            elif words.search(file.read_bytes().decode("latin-1")):
                lines.append(f"{place}: names the person")
            elif content_hash(file) in digests:
                lines.append(f"{place}: has the bytes of a file of the person")
    return lines


def _remotes(root: Path, digests: set[str]) -> Iterator[str]:
    """Ask each of DVC's remotes that is no folder for the person's files."""
    from dvc.repo import Repo

    servers = {name: address for name, address in remote_addresses(root).items() if "://" in address}
    with Repo(str(root)) as repo:
        for name, address in servers.items():
            store = repo.cloud.get_remote_odb(name=name)
            count = sum(store.exists(digest) for digest in digests)
            if count:
                yield f"DVC's remote {name} at {without_password(address)}: has {count} files of the person"
