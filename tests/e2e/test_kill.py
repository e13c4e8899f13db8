"""kill -9 wherever it hurts, then the same command again: it goes on, and ends where a plain `dvc repro` ends."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import BIN, Workplace, make_workplace
from tests.e2e.test_road import outputs


def kill_when(workplace: Workplace, reached: Callable[[Path], bool]) -> None:
    """Start a retrain and kill it, and whatever stage it has started, as soon as the condition holds."""
    flow = workplace.start(str(BIN / "heelstrike"), "retrain", "rearfoot")
    deadline = time.monotonic() + 200
    while not reached(workplace.root):
        assert flow.poll() is None, "the flow ended before it could be killed"
        assert time.monotonic() < deadline, "the moment to kill never came"
        time.sleep(0.02)
    stage = workplace.root / ".work" / "rearfoot" / "running-stage.json"
    groups = [flow.pid] + ([json.loads(stage.read_text())["pid"]] if stage.exists() else [])
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue
    flow.wait()


def has_moved_on(stage: str, label: str) -> Callable[[Path], bool]:
    """A stage has done some, but not all, of a piece of work."""

    def reached(root: Path) -> bool:
        events = root / ".work" / "rearfoot" / "logs" / f"{stage}.progress"
        if not events.exists():
            return False
        lines = [json.loads(line) for line in events.read_text().splitlines() if line.endswith("}")]
        return any(label in e["label"] and 0 < e["done"] < e["total"] for e in lines)

    return reached


def is_registered_but_not_promoted(root: Path) -> bool:
    """The candidate is `challenger`, and nobody is `champion` yet."""
    if not (root / "mlflow.db").exists():
        return False
    try:
        with sqlite3.connect(root / "mlflow.db", timeout=5) as store:
            aliases = {alias for (alias,) in store.execute("select alias from registered_model_aliases")}
    except sqlite3.OperationalError:  # its tables are being made
        return False
    return aliases == {"challenger"}


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_a_retrain_that_is_killed_again_and_again_ends_like_dvc_repro(trained: Workplace, tmp_path: Path) -> None:
    workplace = make_workplace(tmp_path / "killed" / "repository")
    kill_when(workplace, has_moved_on("collect", ""))
    kill_when(workplace, has_moved_on("search", ""))
    kill_when(workplace, has_moved_on("train", ""))
    kill_when(workplace, is_registered_but_not_promoted)
    workplace.heelstrike("retrain", "rearfoot")
    assert outputs(workplace.root) == outputs(trained.root)
    with sqlite3.connect(workplace.root / "mlflow.db") as store:
        versions = [version for (version,) in store.execute("select version from model_versions")]
        aliases = dict(store.execute("select alias, version from registered_model_aliases"))
    assert versions == [1]
    assert aliases == {"champion": 1, "challenger": 1}
    left = subprocess.run(["pgrep", "-f", str(workplace.root)], capture_output=True, check=False)
    assert left.stdout == b""
