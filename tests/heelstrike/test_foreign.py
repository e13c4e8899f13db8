"""Errors of other libraries and of the system end as one message; a fault of ours names a file with the traceback."""

import errno
import os
import re
import sys
from pathlib import Path

import httpx
import pytest
import requests
import sqlalchemy.exc
import typer

from heelstrike.errors import UserError
from heelstrike.foreign import message_of
from heelstrike.terminal import messages


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def system(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/data/a.png")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UserError("a.csv: row 3"), "a.csv: row 3"),
        (system(errno.ENOSPC), "No space left on device: /data/a.png; free some space and run the command again"),
        (system(errno.EACCES), "Permission denied: /data/a.png; check who may read and write it"),
        (system(errno.EROFS), "Read-only file system: /data/a.png; the disk is read-only; use a folder"),
        (system(errno.EMFILE), "Too many open files: /data/a.png; too many files are open; raise the limit"),
        (system(errno.ENAMETOOLONG), "File name too long: /data/a.png; give it a shorter name"),
        (system(errno.ENOENT), "No such file or directory: /data/a.png"),
        (MemoryError(), "not enough memory; close other programs, or use a smaller batch_size"),
        (RecursionError("maximum recursion depth exceeded"), "the input is nested too deep to be read"),
        (httpx.ConnectError("All connection attempts failed"), "the Prefect server does not answer: All connection"),
        (requests.ConnectionError("gone"), "a store does not answer: gone; check the store that failed"),
        (sqlalchemy.exc.OperationalError("select", {}, Exception("locked")), "a database failed: (builtins.Exception)"),
        (ExceptionGroup("two", [httpx.ReadTimeout("late")]), "the Prefect server does not answer: late; check the se"),
    ],
)
def test_a_known_error_is_one_line_that_leads_on(error: BaseException, expected: str) -> None:
    message = message_of(raised(error))
    assert message.startswith(expected)
    assert "\n" not in message


def test_the_cause_of_an_error_is_the_one_that_is_known() -> None:
    cause = raised(httpx.ConnectError("All connection attempts failed"))
    message = message_of(raised(RuntimeError("Failed to reach API at http://h/api"), cause))
    assert message.startswith(
        "the Prefect server does not answer: All connection attempts failed; check the server at P"
    )


def test_other_libraries_errors() -> None:
    import mlflow.exceptions
    import onnxruntime
    import optuna

    assert message_of(mlflow.exceptions.MlflowException("no run")).startswith("MLflow failed: no run; check MLFLOW_TRA")
    assert message_of(optuna.exceptions.StorageInternalError("no")).startswith("the search's study failed: no; check")
    with pytest.raises(Exception) as raised_by_onnx:
        onnxruntime.InferenceSession(b"no model")
    assert message_of(raised_by_onnx.value).startswith("the network cannot be run: ")


def test_a_fault_of_ours_is_one_line_with_a_file_and_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://a@db/x?password=S3cret")
    message = message_of(raised(KeyError("S3cret\nx")))
    named = re.fullmatch(
        r"unexpected KeyError: '\*\*\*\\nx'; this is a fault of Heelstrike\. Report it with (.*\.log)", message
    )
    assert named
    text = Path(named[1]).read_text()
    Path(named[1]).unlink()
    assert text.startswith("Traceback (most recent call last)")
    assert "S3cret" not in text


def test_a_command_ends_with_the_message_and_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, messages("heelstrike retrain rearfoot [x]"):
        raise httpx.ConnectError("[red]gone[/red]")
    assert ended.value.exit_code == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Error: the Prefect server does not answer: [red]gone[/red]; check")
    assert lines[1] == "Continue with: heelstrike retrain rearfoot [x]"


def test_an_exit_stays_an_exit() -> None:
    with pytest.raises(typer.Exit) as ended, messages():
        raise typer.Exit(3)
    assert ended.value.exit_code == 3
    with pytest.raises(SystemExit), messages():
        sys.exit(2)
