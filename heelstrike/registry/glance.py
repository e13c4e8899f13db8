"""A quick look into the checkout's own registry, without mlflow, whose import takes seconds.

The embedded MLflow database is read by SQL and never written. Whatever cannot be read at once (the database is locked,
damaged, or of a version of MLflow with other tables) counts as not known: only a first screen depends on it.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from heelstrike.registry.versions import Version
from heelstrike.stores import own_database

_WAIT_S = 0.2
_ALIASES = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
_VERSIONS = "SELECT version, run_id, creation_time FROM model_versions WHERE name = ? ORDER BY version"
_TAGS = "SELECT version, key, value FROM model_version_tags WHERE name = ?"


@dataclass(frozen=True)
class Glance:
    """What the checkout's own registry holds of one model.

    Attributes:
        aliases: Version number of each alias.
        versions: All versions, the oldest first.
    """

    aliases: dict[str, int]
    versions: list[Version]

    def aliased(self, alias: str) -> Version | None:
        """Return the version with an alias; `None` if the alias is not set."""
        number = self.aliases.get(alias)
        return next((version for version in self.versions if version.number == number), None)


def glance(root: Path, name: str) -> Glance | None:
    """Return what the checkout's own registry holds of a model.

    Args:
        root: Root of the checkout.
        name: Name of the registered model.

    Returns:
        Nothing is in it if the registry does not exist yet. `None` if the registry is another store, or cannot be read
        at once.
    """
    database = own_database(root)
    if database is None:
        return None
    if not database.exists():
        return Glance({}, [])
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as connection:
            aliases = dict(connection.execute(_ALIASES, (name,)))
            rows = connection.execute(_VERSIONS, (name,)).fetchall()
            tags: dict[int, dict[str, str]] = {}
            for number, key, value in connection.execute(_TAGS, (name,)):
                tags.setdefault(number, {})[key] = value
    except sqlite3.Error:
        return None
    versions = [Version.of(name, number, run, tags.get(number, {}), created) for number, run, created in rows]
    return Glance(aliases, versions)
