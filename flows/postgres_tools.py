"""PostgreSQL's client programs, called without a password on their command line, where other users could read it."""

import os
import subprocess
from urllib.parse import unquote, urlsplit, urlunsplit

from heelstrike.errors import UserError
from heelstrike.redact import redacted, without_password


def run_client(program: str, address: str, *arguments: str) -> str:
    """Run `pg_dump`, `pg_restore` or `psql` on a database and return what it printed.

    Args:
        program: Name of the program; it must not be older than the server.
        address: `postgresql://USER:PASSWORD@HOST/DATABASE`; a driver (`postgresql+psycopg2`) is left out.
        arguments: Further arguments.

    Raises:
        UserError: The program is not installed, or it failed; the message is its own, without the password.
    """
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    place = urlunsplit(parts._replace(scheme="postgresql", netloc=f"{name}{at}{host}"))
    secret = {"PGPASSWORD": unquote(password)} if password else {}
    try:
        done = subprocess.run(
            [program, *arguments, f"--dbname={place}"],
            env=os.environ | secret,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError(f"{program} is not installed; it comes with PostgreSQL's client programs") from None
    if done.returncode != 0:
        raise UserError(f"{without_password(address)}: {program} failed: {redacted(done.stderr.strip(), address)}")
    return done.stdout
