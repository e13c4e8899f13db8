"""A service for tests: in this process, or as the real command in a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import requests

from tests.stores import free_port

WAIT_S = 60


class Client(Protocol):
    """What Starlette's `TestClient` and `Http` have in common."""

    def get(self, url: str, **options: Any) -> Any: ...
    def post(self, url: str, **options: Any) -> Any: ...
    def patch(self, url: str, **options: Any) -> Any: ...


class Http:
    """A client of a service at an address; `token` is that of a session."""

    def __init__(self, address: str, token: str = "") -> None:
        self.address = address
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = requests.Session()
        self._session.headers.update(self.headers)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self._session.get(f"{self.address}{url}", timeout=WAIT_S, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self._session.post(f"{self.address}{url}", timeout=WAIT_S, **options)

    def put(self, url: str, **options: Any) -> requests.Response:
        return self._session.put(f"{self.address}{url}", timeout=WAIT_S, **options)

    def patch(self, url: str, **options: Any) -> requests.Response:
        options["data"] = options.pop("content")
        return self._session.patch(f"{self.address}{url}", timeout=10 * WAIT_S, **options)


class Server(Http):
    """A running `heelstrike serve`."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: str) -> None:
        super().__init__(address)
        self.process = process


@contextmanager
def serving(data: Path, *options: str, root: Path | None = None) -> Iterator[Server]:
    """Run the real command on a free port; it is killed at the end.

    Args:
        data: The data folder.
        options: Further options of the command.
        root: Folder to run it in, by default the data folder's parent.
    """
    port = free_port()
    command = [sys.executable, "-m", "heelstrike", "serve", "--data", str(data), "--port", str(port), *options]
    with (data.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=root or data.parent, stdout=log, stderr=log, env=os.environ.copy())
        try:
            server = Server(process, f"http://127.0.0.1:{port}")
            until(lambda: _answers(server))
            yield server
        finally:
            process.kill()
            process.wait()


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, "the service has ended; serve.log says why"
    try:
        return server.get("/api/health").ok
    except requests.exceptions.ConnectionError:
        return False


def until(condition: Any, seconds: float = WAIT_S) -> Any:
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
    return value


def evaluation(client: Client, name: str = "walk", **fields: Any) -> str:
    """Make an evaluation and return its path in the API."""
    answer = client.post("/api/evaluations", json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return f"/api/evaluations/{answer.json()['id']}"


def begin(client: Client, path: str, name: str, size: int, **fields: Any) -> Any:
    """Begin an upload and return the answer."""
    return client.post(f"{path}/uploads", json={"name": name, "size": size, **fields})


def send(client: Client, location: str, content: Any, offset: int = 0) -> Any:
    """Send bytes of an upload and return the answer."""
    return client.patch(location, content=content, headers={"Upload-Offset": str(offset)})


def upload(client: Client, path: str, name: str, content: bytes) -> Any:
    """Upload a file at once and return the last answer: the first that is an error, else that with the file."""
    answer = begin(client, path, name, len(content))
    return send(client, answer.headers["Location"], content) if answer.status_code == 201 else answer


def finished(client: Client, path: str, **job: Any) -> dict[str, Any]:
    """Start a job, wait until it has ended, and return its state."""
    answer = client.post(f"{path}/jobs", json=job)
    assert answer.status_code == 201, answer.text
    location = answer.headers["Location"]
    return until(lambda: _ended(client.get(location).json()))


def _ended(state: dict[str, Any]) -> dict[str, Any] | None:
    return None if state["job"]["state"] in ("queued", "running") else state
