"""A store that does not answer as it should ends in one line with its address, within the limit, without a password."""

import os
import sqlite3
import time
from pathlib import Path

import pytest

from heelstrike import waits
from heelstrike.errors import UserError
from heelstrike.registry.client import connect
from heelstrike.registry.database import open_mlflow, store_errors
from heelstrike.stores import StoreUnreachableError
from tests.listeners import ANSWERS, BEHAVIOURS, listener

LIMIT_S = 0.4


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(waits.LIMIT, str(LIMIT_S))
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "PGCONNECT_TIMEOUT"):  # derived from the limit, and not for other tests
        monkeypatch.setenv(name, "2")


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_broken_server_is_one_line_within_the_limit(
    behaviour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listener(behaviour) as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://clinic:S3cret@127.0.0.1:{port}")
        for use in (lambda: connect(tmp_path).models(), lambda: open_mlflow(tmp_path) and connect(tmp_path).models()):
            start = time.monotonic()
            with pytest.raises(UserError) as raised:
                use()
            assert time.monotonic() - start < 4 * LIMIT_S + 20
            message = str(raised.value)
            assert f"http://clinic:***@127.0.0.1:{port}: " in message
            assert "S3cret" not in message
            assert "\n" not in message
            assert "MLFLOW_TRACKING_URI" in message or "the MLflow server failed: 500 boom" in message
            # on a busy machine an answer, too, may come after the limit
            if behaviour not in ANSWERS or behaviour in ("garbage", "closed", "half", "failure"):
                assert isinstance(raised.value, StoreUnreachableError)


@pytest.mark.parametrize("behaviour", ["silent", "trickle", "garbage", "closed"])
def test_a_broken_database_server_is_one_line_within_the_limit(
    behaviour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed (extra `postgres`)")
    with listener(behaviour) as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql://127.0.0.1:{port}/x?user=a&password=S3cret")
        monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_MAX_RETRIES", "1")
        start = time.monotonic()
        with pytest.raises(UserError) as raised:
            open_mlflow(tmp_path)
        assert time.monotonic() - start < 20 * LIMIT_S
        assert f"postgresql://127.0.0.1:{port}/x?user=a&password=***: " in str(raised.value)
        assert "S3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "mysql://u:S3cret@db/x",
            "MLFLOW_TRACKING_URI is 'mysql://u:***@db/x', which cannot be used; expected http://",
        ),
        ("oracle+cx://u:S3cret@db/x", "which cannot be used"),
        (
            "postgres://u:S3cret@db/x",
            "which cannot be used; expected http://HOST:PORT, https://HOST, sqlite:///FILE,",
        ),
        ("databricks", "which cannot be used"),
        ("./mlruns", "which cannot be used"),
        ("file:///mlruns", "which cannot be used"),
        ("sqlite://", "which names no file"),
        ("sqlite:mlflow.db", "which names no file"),
        ("ftp://u:S3cret@h/x", "which cannot be used"),
    ],
)
def test_an_address_of_another_kind_names_the_kinds_that_work(
    address: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(UserError) as raised:
        connect(tmp_path)
    assert message in str(raised.value)
    assert "S3cret" not in str(raised.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlflow.db").write_text("<html>not found</html>")
    with pytest.raises(UserError, match=r"mlflow.db: not an SQLite database \(it starts with b'<html>not fo'\)"):
        open_mlflow(tmp_path)
    (tmp_path / "mlflow.db").unlink()
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(UserError, match=r"mlflow.db: a folder, expected the file of an SQLite database"):
        open_mlflow(tmp_path)


@pytest.mark.parametrize("revision", ["0123456789ab", "451aebb31d03"])
def test_a_database_of_another_version_of_mlflow(
    revision: str, tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlflow.db").write_bytes(empty_store.read_bytes())
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("update alembic_version set version_num = ?", (revision,))
    with pytest.raises(UserError) as raised:
        open_mlflow(tmp_path)
    assert "mlflow.db: the MLflow store answered: Detected out-of-date database schema" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_errors_of_a_database_say_what_to_do(tmp_path: Path) -> None:
    from sqlalchemy.exc import OperationalError

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with pytest.raises(StoreUnreachableError, match="database or disk is full; free some space"), store_errors(uri):
        raise OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))


def test_the_limit_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(waits.LIMIT)
    assert waits.limit_s() == 20
    for text in ("soon", "0", "-1", "nan", "inf"):
        monkeypatch.setitem(os.environ, waits.LIMIT, text)
        with pytest.raises(UserError, match=f"{waits.LIMIT} is '{text}'; expected seconds"):
            waits.limit_s()
