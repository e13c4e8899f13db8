"""The page that compares a version with the champion: an artifact of the version's run, known by its SHA-256."""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from heelstrike.errors import UserError
from heelstrike.registry.client import RegistryClient
from heelstrike.registry.versions import Version

COMPARISON_TAG = "comparison"
"""Of a version: the artifact of its run that compares it with the champion, and its SHA-256."""

_SEPARATOR = " sha256:"
_ENTRY = re.compile(rf"(?P<path>review/version-\d+-against-(?P<old>\d+)\.html){_SEPARATOR}(?P<digest>[0-9a-f]{{64}})")


@dataclass(frozen=True)
class ComparisonPage:
    """Where the page of a version is.

    Attributes:
        version: The version that is judged.
        against: Number of the version that it is compared with.
        path: Path of the page among the artifacts of the version's run.
        digest: SHA-256 of the page's bytes.
    """

    version: Version
    against: int
    path: str
    digest: str

    @classmethod
    def of(cls, version: Version) -> Self | None:
        """Return where the page of a version is; `None` if the version has none."""
        entry = _ENTRY.fullmatch(version.tags.get(COMPARISON_TAG, ""))
        if entry is None or version.run_id is None:
            return None
        return cls(version, int(entry["old"]), entry["path"], entry["digest"])


def path_of(new: int, old: int) -> str:
    """Return the path of the page that compares two versions among the artifacts of the new version's run."""
    return f"review/version-{new}-against-{old}.html"


def entry_of(path: str, digest: str) -> str:
    """Return the value of `COMPARISON_TAG` for a page."""
    return f"{path}{_SEPARATOR}{digest}"


def digest_in(entry: str) -> tuple[str, str]:
    """Return path and SHA-256 of a value of `COMPARISON_TAG`; empty texts if it has none."""
    path, _, digest = entry.partition(_SEPARATOR)
    return path, digest


def fetch_page(client: RegistryClient, page: ComparisonPage) -> bytes:
    """Return the bytes of a page, which are compared with its SHA-256.

    Raises:
        StoreUnreachableError: The registry does not answer.
        UserError: The registry no longer has the page, or has another one than was stored.
    """
    with tempfile.TemporaryDirectory() as folder:
        content = client.run_file(page.version, page.path, Path(folder)).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != page.digest:
        raise UserError(
            f"{page.version.reference}: the page {page.path} was changed after it was stored (its SHA-256 is "
            f"{found[:12]}, {page.digest[:12]} was stored); judge the version again"
        )
    return content
