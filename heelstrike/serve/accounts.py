"""Accounts: users with hashed passwords and roles, sessions, and the limit on attempts to log in.

They are in an SQLite database of the data folder, so that `heelstrike users` works while the service runs.
"""

import hashlib
import hmac
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import REMOVED, Evaluation
from heelstrike.serve.roles import Role

SHORTEST_PASSWORD = 10
_SESSION_S = 12 * 3600  # a working day
_WINDOW_S = 15 * 60
_MOST_FAILURES = {"user": 10, "address": 30}
_SCRYPT = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 << 20, "dklen": 32}  # 32 MiB and about 0.1 s; RFC 7914
_NAME_LENGTH = 64

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, role TEXT NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (digest TEXT PRIMARY KEY, user TEXT NOT NULL, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS failures (kind TEXT NOT NULL, who TEXT NOT NULL, time REAL NOT NULL);
"""
# accounts.db of before 29 November 2026 knows users by their names only
_ADD_COLUMN = "ALTER TABLE users ADD COLUMN id TEXT NOT NULL DEFAULT ''"
_ADD_IDS = "UPDATE users SET id = lower(hex(randomblob(8))) WHERE id = ''"


@dataclass(frozen=True)
class User:
    """A user.

    Attributes:
        name: The user's name; `None` for the only user of a service without accounts.
        role: What the user may do.
        id: Tells the user from a later one of the same name; empty without accounts.
    """

    name: str | None
    role: Role
    id: str = ""

    def owns(self, evaluation: Evaluation) -> bool:
        """Return True if this user made the evaluation, or if there are no accounts.

        What a removed user has left, and what was made without accounts, is the administrators'.
        """
        if self.name is None or evaluation.owner_id == self.id:
            return True
        return self.role is Role.ADMINISTRATOR and evaluation.owner_id in (None, REMOVED)

    def may_see(self, evaluation: Evaluation) -> bool:
        """Return True if this user made the evaluation, or it was shared with this user."""
        return self.owns(evaluation) or self.id in evaluation.shared_ids


ONLY_USER = User(None, Role.ADMINISTRATOR)
"""The user of a service without accounts."""


class Accounts:
    """The users of a data folder.

    Args:
        data: The data folder; created if it is missing.

    Raises:
        UserError: The folder cannot be written to.
    """

    def __init__(self, data: Path) -> None:
        self._file = data / "accounts.db"
        self._one_attempt = threading.Lock()  # a hash needs 32 MiB, and parallel attempts must not pass the limit
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.touch(mode=0o600)
            with self._database() as database:
                database.executescript(_SCHEMA)
                database.execute("BEGIN IMMEDIATE")  # both steps or none, and `heelstrike users` may do the same now
                if "id" not in [column for _, column, *_ in database.execute("PRAGMA table_info(users)")]:
                    database.execute(_ADD_COLUMN)
                database.execute(_ADD_IDS)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"{self._file}: {error}; give a folder that can be written to with --data") from None

    def users(self) -> list[User]:
        """Return all users, sorted by name."""
        with self._database() as database:
            return [_user(*row) for row in database.execute("SELECT name, role, id FROM users ORDER BY name")]

    def add(self, name: str, role: Role, password: str) -> None:
        """Add a user.

        Raises:
            UserError: There is a user of this name, or the name or the password is not possible.
        """
        if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > _NAME_LENGTH:
            raise UserError(
                f"{name!r}: not possible as a user's name; expected 1 to {_NAME_LENGTH} printable characters"
            )
        salt, digest = _hashed(password)
        with self._database() as database:
            try:
                columns = "(name, role, salt, hash, id)"
                values = (name, role, salt, digest, secrets.token_hex(8))
                database.execute(f"INSERT INTO users {columns} VALUES (?, ?, ?, ?, ?)", values)
            except sqlite3.IntegrityError:
                raise UserError(f"{name}: there is a user of this name already") from None

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password, and end the user's sessions.

        Raises:
            UserError: There is no such user, or the password is too short.
        """
        salt, digest = _hashed(password)
        with self._database() as database:
            changed = database.execute("UPDATE users SET salt = ?, hash = ? WHERE name = ?", (salt, digest, name))
            _check_changed(changed, name)
            database.execute("DELETE FROM sessions WHERE user = ?", (name,))

    def remove(self, name: str) -> None:
        """Remove a user and the user's sessions. The user's evaluations stay, and are the administrators' from then on.

        Raises:
            UserError: There is no such user.
        """
        with self._database() as database:
            _check_changed(database.execute("DELETE FROM users WHERE name = ?", (name,)), name)
            database.execute("DELETE FROM sessions WHERE user = ?", (name,))

    def log_in(self, name: str, password: str, address: str) -> str:
        """Return the token of a new session.

        Args:
            name: The user's name.
            password: The user's password.
            address: Network address of the client, for the limit on attempts.

        Raises:
            RequestError: Name or password is wrong, or there were too many failures.
        """
        with self._one_attempt:
            self._check_password(name, password, {"user": name, "address": address})
        token = secrets.token_urlsafe(32)
        with self._database() as database:
            database.execute("DELETE FROM failures WHERE kind = 'user' AND who = ?", (name,))
            database.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_digest(token), name, time.time() + _SESSION_S))
        return token

    def log_out(self, token: str) -> None:
        """End a session."""
        with self._database() as database:
            database.execute("DELETE FROM sessions WHERE digest = ?", (_digest(token),))

    def user(self, token: str) -> User | None:
        """Return the user of a session; `None` if there is no such session, or it has ended."""
        query = "SELECT name, role, id FROM sessions JOIN users ON user = name WHERE digest = ? AND ends > ?"
        with self._database() as database:
            row = database.execute(query, (_digest(token), time.time())).fetchone()
        return _user(*row) if row else None

    def forget_old(self) -> None:
        """Remove sessions that have ended, and failures that no longer count."""
        now = time.time()
        with self._database() as database:
            database.execute("DELETE FROM sessions WHERE ends < ?", (now,))
            database.execute("DELETE FROM failures WHERE time < ?", (now - _WINDOW_S,))

    def _check_password(self, name: str, password: str, who: dict[str, str]) -> None:
        self._check_failures(who)
        with self._database() as database:
            row = database.execute("SELECT salt, hash FROM users WHERE name = ?", (name,)).fetchone()
        # the hash is computed for an unknown user as well, so that the time does not tell which users exist
        salt, expected = row or (bytes(16), b"")
        if not hmac.compare_digest(_scrypt(password, salt), expected):
            with self._database() as database:
                rows = [(kind, value, time.time()) for kind, value in who.items()]
                database.executemany("INSERT INTO failures VALUES (?, ?, ?)", rows)
            raise RequestError(HTTPStatus.UNAUTHORIZED, "the name or the password is wrong")

    def _check_failures(self, who: dict[str, str]) -> None:
        query = "SELECT COUNT(*) FROM failures WHERE kind = ? AND who = ? AND time > ?"
        with self._database() as database:
            for kind, value in who.items():
                (count,) = database.execute(query, (kind, value, time.time() - _WINDOW_S)).fetchone()
                if count >= _MOST_FAILURES[kind]:
                    raise RequestError(
                        HTTPStatus.TOO_MANY_REQUESTS,
                        f"too many failed attempts; wait {_WINDOW_S // 60} minutes",
                        Retry_After=str(_WINDOW_S),
                    )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are stored together when the block ends."""
        with closing(sqlite3.connect(self._file, timeout=10)) as database, database:
            yield database


def csrf_token(session: str) -> str:
    """Return the token that a script of the service's own pages sends with every write of a session."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def _user(name: str, role: str, number: str) -> User:
    return User(name, Role(role), number)


def _hashed(password: str) -> tuple[bytes, bytes]:
    if len(password) < SHORTEST_PASSWORD:
        raise UserError(f"the password has {len(password)} characters; expected at least {SHORTEST_PASSWORD}")
    salt = secrets.token_bytes(16)
    return salt, _scrypt(password, salt)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)


def _digest(token: str) -> str:
    """Return what is stored of a token, so that a copy of the database opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check_changed(cursor: sqlite3.Cursor, name: str) -> None:
    if not cursor.rowcount:
        raise UserError(f"{name}: there is no such user; `heelstrike users list` lists them")
