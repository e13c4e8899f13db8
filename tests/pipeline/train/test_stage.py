"""The stage: files in, files out, the same ones after a kill -9."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_json
from pipeline.heads.arrays import Arrays
from pipeline.layout import Layout
from pipeline.models.build import load_trained
from pipeline.models.inference import predict_arrays
from pipeline.params import ProblemParams, parse_params
from pipeline.train.fit import Plan
from pipeline.train.settings import Step
from pipeline.train.stage import run

ROOT = Path(__file__).resolve().parents[3]
WriteBest = Callable[[Layout, Plan], None]


def params_of(plan: Plan) -> ProblemParams:
    return parse_params(section(plan))["discs"]


def section(plan: Plan) -> dict[str, Any]:
    others = {name: {} for name in ("validate", "split", "prepare", "search", "evaluate", "package", "gates")}
    given = {**others, "measure": None, **plan.model_dump(mode="json"), "collect": {"sources": [{"kind": "csv"}]}}
    return {"problems": ["discs"], "discs": given}


def test_writes_weights_settings_history_and_summary(
    prepared: Layout, plan: Callable[..., Plan], write_best: WriteBest, val: Arrays
) -> None:
    write_best(prepared, plan())
    run(params_of(plan()), prepared)
    out = prepared.out("train")
    assert {path.name for path in out.iterdir()} == {
        "weights.safetensors", "settings.json", "history.csv", "summary.json",
    }  # fmt: skip
    history, summary = pd.read_csv(out / "history.csv"), json.loads((out / "summary.json").read_text())
    assert len(history) == 3
    assert summary["val_rmse_px"] == history["val_rmse_px"].min()
    outputs = predict_arrays(load_trained(out), val.images)
    rmse = np.sqrt(np.nanmean((outputs["keypoints"] - val.keypoints) ** 2))
    assert rmse == pytest.approx(summary["val_rmse_px"], rel=1e-4)
    assert not list(prepared.work("train").glob("*")), "finished work is left behind"


def test_missing_and_broken_inputs_are_messages(
    prepared: Layout, plan: Callable[..., Plan], write_best: WriteBest
) -> None:
    with pytest.raises(UserError, match=r"best\.json does not exist; run the search stage first"):
        run(params_of(plan()), prepared)
    write_best(prepared, plan())
    keypoints = prepared.out("prepare") / "val" / "keypoints.npy"
    array = np.load(keypoints)
    np.save(keypoints, array[:, :1])
    with pytest.raises(UserError, match=r"keypoints\.npy: each entry is 1x2, the problem asks for 2x2"):
        run(params_of(plan()), prepared)
    np.save(keypoints, array[:-1])
    with pytest.raises(UserError, match="arrays have different lengths"):
        run(params_of(plan()), prepared)
    keypoints.unlink()
    with pytest.raises(UserError, match=r"keypoints\.npy: cannot be read"):
        run(params_of(plan()), prepared)
    write_json(prepared.out("search") / "best.json", {"model": {"name": "spatial", "wide": 3}})
    with pytest.raises(UserError, match=r"best\.json: model\.wide: Extra inputs are not permitted"):
        run(params_of(plan()), prepared)


@pytest.mark.parametrize(
    ("schedule", "checkpoint"),
    [("one_cycle", "step-0.ckpt"), pytest.param("plateau", "step-1.ckpt", marks=pytest.mark.slow)],
)
def test_goes_on_after_kill_9_and_ends_with_the_same_bytes(
    prepared: Layout, plan: Callable[..., Plan], write_best: WriteBest, schedule: str, checkpoint: str, tmp_path: Path
) -> None:
    steps = (Step(heads=("box",), epochs=2), Step(heads=("box", "keypoints"), epochs=5))
    settings = plan(schedule=schedule, plateau_patience=0, steps=steps, lr=0.03)
    write_best(prepared, settings)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(section(settings)))
    process = _start(tmp_path)
    while not list(prepared.work("train").glob(f"*/{checkpoint}")):
        assert process.poll() is None, "the stage ended before it could be killed"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not prepared.out("train").exists()
    assert _start(tmp_path).wait() == 0
    after_kills = _digests(prepared)
    run(params_of(settings), prepared)
    assert after_kills == _digests(prepared)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pipeline", "train", "discs"]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def _digests(layout: Layout) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted(layout.out("train").iterdir())}
