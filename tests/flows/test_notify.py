"""Messages about candidates: sent for real to a local server, and silent about addresses."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.notify import notify
from pipeline.registry.promote import PromotionResult
from tests.pipeline.registry.test_criteria import params

WAITING = PromotionResult("waiting", 3, 2, "0 of 2 approvals")


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[Any]]]:
    """A web server: its address for apprise, and what was sent to it."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://:secret@127.0.0.1:{server.server_port}", received
    server.shutdown()


def test_a_waiting_candidate_is_told_to_the_addresses_of_a_file(
    inbox: tuple[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, received = inbox
    (tmp_path / "addresses").write_text(f"{address}\n")
    monkeypatch.setenv("TEAM_FILE", str(tmp_path / "addresses"))
    assert notify("rearfoot", params(notify="TEAM"), WAITING) is None
    (message,) = received
    assert message["title"] == "rearfoot/3 waits for approval"
    assert message["message"].startswith("0 of 2 approvals. heelstrike approve rearfoot/3, or ")


def test_trouble_is_one_line_without_the_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEAM", "json://:secret@127.0.0.1:9")
    trouble = notify("rearfoot", params(notify="TEAM"), WAITING)
    assert trouble == "not every address of TEAM could be reached to tell that rearfoot/3 waits for approval"
    monkeypatch.setenv("TEAM", "nonsense-secret")
    assert "1 of 1 addresses of TEAM are none" in str(notify("rearfoot", params(notify="TEAM"), WAITING))
    monkeypatch.delenv("TEAM")
    assert "TEAM and TEAM_FILE are empty" in str(notify("rearfoot", params(notify="TEAM"), WAITING))
    assert "secret" not in caplog.text


def test_nobody_is_told_without_the_setting_or_about_what_was_champion_already() -> None:
    assert notify("rearfoot", params(), WAITING) is None
    for outcome in (PromotionResult("already", 3, 2, ""), PromotionResult("refused", 3, 2, "", repeated=True)):
        assert notify("rearfoot", params(notify="TEAM"), outcome) is None
