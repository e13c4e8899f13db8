"""One search at a time gives the trials of a study to workers, even if the study's database restarts meanwhile."""

import contextlib
import time
from collections.abc import Callable, Iterator

from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from sqlalchemy import Connection, text
from sqlalchemy.exc import InterfaceError, OperationalError

from heelstrike.errors import UserError
from heelstrike.stores import file_of, is_local_file
from heelstrike.waits import limit_s

_RETRY_S = 0.5
_GONE = (OperationalError, InterfaceError)


@contextlib.contextmanager
def alone(storage: RDBStorage, name: str) -> Iterator[Callable[[], None]]:
    """Make sure that one search at a time gives the trials of a study to workers.

    The lock belongs to this process or to its connection, so it ends with them.

    Yields:
        A function to call before each change of the study. If PostgreSQL has restarted, the lock went with the
        connection: the function takes it again, or raises a `UserError` if another search has it now.

    Raises:
        UserError: Another search runs this study.
    """
    if is_local_file(str(storage.url)):
        file = file_of(str(storage.url))
        lock = FileLock(file.with_name(f"{file.name}.{name}.lock"))
        try:
            with lock.acquire(timeout=0):
                yield lambda: None
        except Timeout:
            raise _busy(name, "") from None
        return
    session = _Session(storage, name)
    try:
        yield session.check
    finally:
        session.close()


class _Session:
    """The session of PostgreSQL that holds an advisory lock."""

    def __init__(self, storage: RDBStorage, name: str) -> None:
        self._storage, self._name = storage, name
        self._connection = self._locked("")

    def check(self) -> None:
        if self._connection.closed:  # it could not be taken again before
            self._take_again()
            return
        try:
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except _GONE:
            self._take_again()

    def close(self) -> None:
        if self._connection.closed:
            return
        with contextlib.suppress(*_GONE):
            self._connection.execute(text("SELECT pg_advisory_unlock_all()"))  # a pooled session would keep it
        self._connection.close()

    def _take_again(self) -> None:
        """Lock in a new session; the others of the engine are gone too."""
        if not self._connection.closed:
            self._connection.invalidate()
            self._connection.close()
        until = time.monotonic() + limit_s()
        while True:
            self._storage.engine.dispose()
            try:
                self._connection = self._locked(" since the database was away")
                return
            except _GONE:
                if time.monotonic() > until:
                    raise
                time.sleep(_RETRY_S)

    def _locked(self, since: str) -> Connection:
        connection = self._storage.engine.connect()
        lock = text("SELECT pg_try_advisory_lock(hashtext(:name))")
        granted = connection.execute(lock, {"name": self._name}).scalar()
        connection.commit()  # the lock belongs to the session, and an open transaction would age
        if not granted:
            connection.close()
            raise _busy(self._name, since)
        return connection


def _busy(name: str, since: str) -> UserError:
    return UserError(
        f"search: another process runs the study {name}{since}; wait until it has ended. Other machines help by "
        "`heelstrike search work` (docs/scale.md)"
    )
