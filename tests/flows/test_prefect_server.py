"""A Prefect server that is not there, or is something else, is one line with its address and variable."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.prefect_server import check_prefect_server
from heelstrike.errors import UserError
from heelstrike.waits import LIMIT
from tests.listeners import BEHAVIOURS, listener
from tests.stores import free_port

ROOT = Path(__file__).parents[2]
ADVICE = "; set PREFECT_API_URL to where it is, or unset it to run without a server (docs/stores.md)"


def message(address: str) -> str:
    patient = {PREFECT_API_URL: address, PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(patient), pytest.raises(UserError) as raised:
        check_prefect_server()
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_server_that_is_none_is_one_line(behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, "1.5")
    with listener(behaviour) as port:
        text = message(f"http://clinic:S3cret@127.0.0.1:{port}/api")
    assert text.startswith(f"http://clinic:***@127.0.0.1:{port}/api: ")
    assert text.endswith(ADVICE)
    assert "S3cret" not in text


def test_without_an_address_nothing_is_asked() -> None:
    with temporary_settings({PREFECT_API_URL: None}):
        check_prefect_server()


def test_the_command_ends_in_one_line(tmp_path: Path) -> None:
    """In a process of its own, since Prefect reads its settings once (case inputs/26)."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    address = f"http://127.0.0.1:{free_port()}/api"
    environment = os.environ | {"PREFECT_API_URL": address, "COLUMNS": "200", "PREFECT_HOME": str(tmp_path / "prefect")}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "heelstrike"), "ingest", str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    error, resume = done.stderr.splitlines()
    assert error.startswith(f"Error: {address}: no Prefect server answers there (")
    assert error.endswith(ADVICE)
    assert resume == f"Continue with: heelstrike ingest {tmp_path}"


def test_an_unknown_problem_is_not_continued_but_asked_for(tmp_path: Path, heelstrike: Callable[..., Result]) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    for command in ("retrain", "crossval", "ingest --problem"):
        done = heelstrike(tmp_path, *command.split(), "rearfot")
        assert done.exit_code == 1
        assert "has no problem 'rearfot'; it has rearfoot; did you mean rearfoot?" in " ".join(done.stderr.split())
        assert "Continue with" not in done.stderr
