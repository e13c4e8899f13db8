"""Checks of the servers that environment variables name: Prefect, and the database of the search's study."""

import os
from collections.abc import Iterator
from pathlib import Path

from heelstrike.doctor.findings import Finding, fault, ok, warning
from heelstrike.errors import UserError, first_line
from heelstrike.redact import redacted, without_password
from heelstrike.stores import check_database, is_local_file
from heelstrike.waits import limit_postgres
from pipeline.executors.choose import STUDY_URL


def check_prefect() -> Iterator[Finding]:
    """Ask the Prefect server for its version, if one is configured."""
    from prefect.settings import PREFECT_API_URL

    from flows.prefect_server import check_prefect_server

    address = PREFECT_API_URL.value()
    if not address:
        yield ok("prefect", "no server is configured: flows run in their own process")
        return
    try:
        check_prefect_server()
    except UserError as error:
        yield fault("prefect", str(error), "")
        return
    yield ok("prefect", f"{without_password(address)} answers")


def check_study() -> Iterator[Finding]:
    """Connect to the database of the search's study, if one is configured."""
    uri = os.environ.get(STUDY_URL)
    if not uri:
        yield ok("study", "SQLite below .work")
        return
    try:
        check_database(uri, STUDY_URL)
        if not is_local_file(uri):
            _connect(uri)
    except UserError as error:
        yield fault("study", str(error), "")
        return
    yield ok("study", f"{without_password(uri)} can be used")


def _connect(uri: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    limit_postgres()
    try:
        create_engine(uri, poolclass=NullPool).connect().close()
    except Exception as error:  # of SQLAlchemy, or of a driver that is not installed
        reason = first_line(redacted(str(error), uri))
        raise UserError(
            f"{without_password(uri)}: {reason}; start it, or change {STUDY_URL} (docs/stores.md)"
        ) from error


def check_schedules(root: Path) -> Iterator[Finding]:
    """List the scheduled runs that did not start, failed or died.

    Args:
        root: Root of the checkout.
    """
    from flows.schedule_check import schedule_faults

    faults = schedule_faults(root)
    for line in faults:
        yield warning("schedule", line, "docs/scheduling.md")
    if not faults:
        yield ok("schedule", "no scheduled run was missed")
