"""A scheduled retrain survives its worker and a restart of the server; one that is killed is ended by the next."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import make_workplace
from tests.e2e.servers import Servers, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """A checkout with a long training, deployed, with a server and a worker."""
    workplace = make_workplace(tmp_path / "all" / "repository")
    params = workplace.root / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 3", "epochs: 250"))
    servers = Servers(workplace)
    servers.start_server()
    workplace.heelstrike("deploy")
    servers.start_worker()
    yield servers
    servers.end()


def test_nothing_waits_for_ever(servers: Servers) -> None:
    root = servers.workplace.root
    progress = root / ".work" / "rearfoot" / "logs" / "train.progress"
    servers.run("weekly-rearfoot")
    wait_until(lambda: progress.is_file() and '"done": 5' in progress.read_text(), 300)
    for _ in range(3):  # one waits, the others are superfluous
        servers.run("weekly-rearfoot")
    wait_until(lambda: servers.states().count("COMPLETED") == 2, 120)

    servers.kill("server")
    servers.start_server()
    servers.kill("worker")
    before = progress.read_text().count("\n")
    time.sleep(15)  # the run writes lines to the log of its dead worker
    assert progress.read_text().count("\n") > before
    assert sorted(servers.states()) == ["COMPLETED", "COMPLETED", "RUNNING", "RUNNING"]

    holder = json.loads((root / ".work" / "rearfoot" / "writer.json").read_text())["pid"]
    os.kill(holder, signal.SIGKILL)
    servers.workplace.heelstrike("schedule", "end-lost")
    wait_until(lambda: sorted(servers.states()) == ["COMPLETED", "COMPLETED", "COMPLETED", "CRASHED"], 400)
    assert "promoted" in servers.workplace.heelstrike("history", "rearfoot").stdout
    servers.workplace.heelstrike("schedule", "check")
