"""The system's PostgreSQL with its contributed extensions, which the server of the package index lacks."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class DebianPostgresql:
    """A server that listens on a socket in `folder` only.

    Attributes:
        bin_path: Its programs.
        folder: Where its socket is.
    """

    bin_path: Path
    folder: Path

    def get_uri(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:@/{database}?host={self.folder}"


@contextmanager
def debian_postgresql() -> Iterator[DebianPostgresql]:
    """Start an empty server; skip the test where Debian's `postgresql` and `postgresql-contrib` are not installed."""
    extensions = sorted(Path("/usr/share/postgresql").glob("*/extension/pg_trgm.control"))
    if not extensions:
        pytest.skip("Debian's postgresql and postgresql-contrib are not installed; Prefect needs the extension pg_trgm")
    programs = Path("/usr/lib/postgresql") / extensions[-1].parts[-3] / "bin"
    # PostgreSQL refuses to be root, and its user cannot enter pytest's folders
    owner = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if owner:
            shutil.chown(folder, owner)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), *arguments]
            subprocess.run(command, cwd=folder, user=owner, stdout=subprocess.DEVNULL, check=True)

        data = str(folder / "data")
        run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", data)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "--wait", "--timeout=300", "-D", data, "-o", options, "-l", str(folder / "log"))
        try:
            yield DebianPostgresql(programs, folder)
        finally:
            run("pg_ctl", "stop", "-D", data, "--mode=immediate")
