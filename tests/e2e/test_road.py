"""From nothing to a promoted model that measures, and back: the real flow, real DVC, real MLflow, small."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Workplace

DVC = ("python", "-m", "dvc")


def outputs(root: Path) -> dict[str, str]:
    """DVC's hash of every output."""
    stages = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


def test_a_retrain_takes_what_a_plain_dvc_repro_has_made(trained: Workplace) -> None:
    assert "nothing had changed" in trained.first
    assert "version 1 promoted" in trained.first


def test_the_first_candidate_is_promoted(trained: Workplace) -> None:
    history = trained.heelstrike("history", "rearfoot").stdout
    assert "promoted" in history
    assert "champion none -> 1" in history


def test_after_the_main_job_there_is_nothing_to_do(trained: Workplace) -> None:
    assert "Data and pipelines are up to date." in trained.run(*DVC, "repro").stdout


def test_mlflow_holds_the_run_its_trials_and_the_model(trained: Workplace) -> None:
    with sqlite3.connect(trained.root / "mlflow.db") as store:
        names = [name for (name,) in store.execute("select name from runs")]
        retrains = list(store.execute("select * from tags where key = 'heelstrike.part' and value = 'retrain'"))
        aliases = dict(store.execute("select alias, version from registered_model_aliases"))
    assert len(retrains) == 1
    assert {"trial 000", "trial 001"} <= {name.split(" · ")[0] for name in names}
    assert aliases == {"champion": 1, "challenger": 1}


def test_the_same_command_again_changes_nothing(copy: Workplace) -> None:
    before = outputs(copy.root)
    output = copy.heelstrike("retrain", "rearfoot").stdout
    assert "nothing had changed" in output
    assert outputs(copy.root) == before
    assert copy.heelstrike("history", "rearfoot").stdout.count("promoted") == 1


def test_a_changed_value_reruns_what_depends_on_it_and_nothing_else(copy: Workplace) -> None:
    file = copy.root / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params["rearfoot"]["evaluate"]["bootstrap"] = 300
    file.write_text(yaml.safe_dump(params, sort_keys=False))
    output = copy.run(*DVC, "repro").stdout
    assert "Running stage 'evaluate@rearfoot'" in output
    assert not any(f"Running stage '{stage}@" in output for stage in ("collect", "split", "prepare", "search", "train"))


def test_a_consumer_measures_a_video(trained: Workplace, tmp_path: Path) -> None:
    video = next((trained.root / ".work" / "rearfoot" / "collect").rglob("*.mp4"))
    shutil.copy(video, tmp_path / "walk.mp4")
    trained.heelstrike("predict", str(tmp_path / "walk.mp4"), "--overlay")
    result = json.loads((tmp_path / "walk.mp4.json").read_text())
    rows = (tmp_path / "walk.mp4.csv").read_text().splitlines()
    assert len(rows) - 1 == len(result["frames"]) > 30
    assert (tmp_path / "walk.mp4.overlay.mp4").stat().st_size > 1000
    shutil.move(trained.root / "mlflow.db", trained.root / "away.db")
    try:
        again = trained.heelstrike("predict", str(tmp_path / "walk.mp4"), "--out", str(tmp_path / "offline"))
    finally:
        shutil.move(trained.root / "away.db", trained.root / "mlflow.db")
    assert "cached" in again.stderr
    assert json.loads((tmp_path / "offline" / "walk.mp4.json").read_text())["frames"] == result["frames"]


def test_there_is_nothing_to_roll_back_to_at_first(copy: Workplace) -> None:
    done = copy.heelstrike("rollback", "rearfoot", check=False)
    assert done.returncode == 1
    assert "version 1 is the first champion" in done.stderr


@pytest.mark.timeout(600)
def test_on_a_teams_servers(copy: Workplace, prefect_server: dict[str, str], mlflow_server: dict[str, str]) -> None:
    """The stages are done; what is left runs against a Prefect server and an MLflow server, by environment alone."""
    copy.heelstrike("retrain", "rearfoot", **prefect_server, **mlflow_server)
    assert "champion none -> 1" in copy.heelstrike("history", "rearfoot", **mlflow_server).stdout
    runs = copy.run("prefect", "flow-run", "ls", **prefect_server).stdout
    assert "retrain-rearfoot" in runs
    assert "COMPLETED" in runs.upper()
    artifacts = copy.run("prefect", "artifact", "ls", **prefect_server).stdout
    assert "rearfoot-decision" in artifacts
