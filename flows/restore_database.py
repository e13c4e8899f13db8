"""Restoring MLflow's PostgreSQL database from a dump, with the artifacts' addresses at their new place."""

from pathlib import Path

from flows.postgres_tools import run_client
from heelstrike.errors import UserError
from heelstrike.redact import without_password
from heelstrike.registry.database import store_errors
from heelstrike.registry.moved import ADDRESSES, ARTIFACTS, FIXED_PLACE_TAG
from heelstrike.waits import limit_postgres

_SCHEMES = ("postgresql", "postgresql+psycopg2")


def require_empty_database(address: str) -> None:
    """Check that a dump can be restored into a database.

    Raises:
        UserError: It is no PostgreSQL database, has tables, or does not answer.
    """
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.pool import NullPool

    shown = without_password(address)
    if address.partition("://")[0] not in _SCHEMES:
        raise UserError(f"{shown}: expected postgresql://USER:PASSWORD@HOST/DATABASE, a new and empty database")
    limit_postgres()
    with store_errors(address):
        tables = inspect(create_engine(address, poolclass=NullPool)).get_table_names()
    if tables:
        raise UserError(f"{shown}: has {len(tables)} tables; a restore needs an empty database (`createdb NAME`)")


def restore_database(dump: Path, address: str, target: Path) -> None:
    """Restore a dump as one transaction, and let its artifacts be those of the restored checkout.

    Args:
        dump: The file that `pg_dump --format=custom` wrote.
        address: An empty database.
        target: The restored checkout, which has the artifacts.

    Raises:
        UserError: The database is not empty, does not answer, or the dump cannot be restored; then it stays empty.
    """
    require_empty_database(address)
    run_client("pg_restore", address, "--single-transaction", "--exit-on-error", "--no-owner", "--no-acl", str(dump))
    _move_addresses(address, (target.resolve() / ARTIFACTS).as_uri())


def _move_addresses(address: str, here: str) -> None:
    """Change the addresses of artifacts that were in another checkout; those that HEELSTRIKE_ARTIFACTS named stay."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    experiments = text(
        "SELECT name, artifact_location FROM experiments WHERE experiment_id NOT IN "
        "(SELECT experiment_id FROM experiment_tags WHERE key = :tag)"
    )
    with store_errors(address), create_engine(address, poolclass=NullPool).begin() as connection:
        rows = connection.execute(experiments, {"tag": FIXED_PLACE_TAG}).all()
        places = {(location or "").removesuffix(f"/{name}") for name, location in rows}
        places = {place for place in places if place.startswith("file://") and place.endswith(f"/{ARTIFACTS}")}
        for table, column in ADDRESSES:
            for place in sorted(places - {here}):
                connection.execute(
                    text(
                        f'UPDATE "{table}" SET "{column}" = :here || substr("{column}", :rest) '
                        f'WHERE substr("{column}", 1, :length) = :place'
                    ),
                    {"here": f"{here}/", "rest": len(place) + 2, "length": len(place) + 1, "place": f"{place}/"},
                )
