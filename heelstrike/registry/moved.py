"""The checkout's own MLflow database after the checkout was moved or copied.

MLflow stores the address of every artifact as an absolute path and has no relative ones. So a moved checkout would not
find its models, and a copied one would read and write those of the original. Before the database is used, the addresses
that name another place are changed to the present one.
"""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from heelstrike.errors import UserError
from heelstrike.stores import StoreUnreachableError, own_database
from heelstrike.text import printable

ARTIFACTS = "mlartifacts"
"""Folder of the checkout for the files of runs and models, unless HEELSTRIKE_ARTIFACTS names another place."""

FIXED_PLACE_TAG = "heelstrike.artifacts"
"""Tag of an experiment whose files are where HEELSTRIKE_ARTIFACTS says, so that they do not move with the checkout."""

ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns in which MLflow keeps addresses of artifacts."""

_WAIT_S = 30.0


def follow_checkout(root: Path) -> None:
    """Change the addresses in the checkout's own database if the checkout was moved or copied, and say so on stderr.

    Args:
        root: Root of the checkout.

    Raises:
        StoreUnreachableError: Another process keeps the database locked.
        UserError: The checkout was moved or copied, and its database cannot be written.
    """
    database = own_database(root)
    if database is None or not database.is_file() or database.resolve().parent != root.resolve():
        return
    here = (root.resolve() / ARTIFACTS).as_uri()
    with closing(sqlite3.connect(database, timeout=_WAIT_S, isolation_level=None)) as connection:
        try:
            if not _other_places(connection, here):
                return
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise StoreUnreachableError(f"{database}: another process keeps it locked; try again later") from None
            return  # not a database, or not readable: MLflow says so when it opens the file
        try:
            places = _change(connection, here)
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"{database}: the checkout was moved or copied, and the addresses in this file cannot be changed "
                f"({error}); make it writable, and end other processes that use it"
            ) from None
    for place in places:
        former = printable(str(Path(url2pathname(urlsplit(place).path)).parent))
        print(f"this checkout was in {former}: mlflow.db names its files here now", file=sys.stderr)


def _change(connection: sqlite3.Connection, here: str) -> list[str]:
    """Change all addresses in one transaction and return the former places."""
    connection.execute("BEGIN IMMEDIATE")
    places = _other_places(connection, here)  # again, since another process may have changed them meanwhile
    for table, column in ADDRESSES:
        if column not in _columns(connection, table):
            continue
        for place in places:
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = ? || substr("{column}", ?) WHERE substr("{column}", 1, ?) = ?',
                (f"{here}/", len(place) + 2, len(place) + 1, f"{place}/"),
            )
    connection.execute("COMMIT")
    return places


def _other_places(connection: sqlite3.Connection, here: str) -> list[str]:
    """Return the addresses of folders `mlartifacts` of other checkouts in which experiments have their files."""
    if not _columns(connection, "experiments"):
        return []
    places, fixed = set[str](), {os.environ.get("HEELSTRIKE_ARTIFACTS", "").rstrip("/")}
    tags = connection.execute("SELECT experiment_id FROM experiment_tags WHERE key = ?", (FIXED_PLACE_TAG,))
    tagged = {experiment for (experiment,) in tags}
    rows = connection.execute("SELECT experiment_id, name, artifact_location FROM experiments").fetchall()
    for experiment, name, location in rows:
        place = (location or "").removesuffix(f"/{name}")
        if place != location and place.startswith("file:///") and place.endswith(f"/{ARTIFACTS}"):
            (fixed if experiment in tagged else places).add(place)
    return sorted(places - fixed - {here})


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
