"""A retrain's run while it is under way, on a real store: what a reviewer sees, after a kill too."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from heelstrike.registry.database import open_mlflow
from pipeline.layout import Layout
from pipeline.tracking.conclusion import Conclusion, conclude
from pipeline.tracking.live import LiveRun, live_run
from tests.stores import finished_retrain, lock

START = 1_800_000_000.0


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path) -> Layout:
    """The outputs of a retrain that nobody has logged yet."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return finished_retrain(tmp_path)


def epoch(number: int) -> dict:
    row = {"step": "joint", "epoch": number, "loss": 1 / number, "val_rmse_px": 2 / number}
    return {"record": "epoch", "values": {"epoch": number, "row": row}, "time": START + number}


def trial(number: int, **values: object) -> dict:
    return {"record": "trial", "values": {"number": number, **values}, "time": START}


def runs(layout: Layout) -> dict:
    """Every run by its part."""
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("rearfoot").experiment_id
    return {run.data.tags["heelstrike.part"]: run for run in client.search_runs([experiment], max_results=100)}


def history(layout: Layout, name: str) -> list[tuple[int, float, int]]:
    run = runs(layout)["retrain"]
    return [(m.step, m.value, m.timestamp) for m in open_mlflow(layout.root).get_metric_history(run.info.run_id, name)]


def test_stages_trials_and_epochs_arrive_while_the_retrain_runs(layout: Layout) -> None:
    with live_run(layout, "flow-1", print) as live:
        assert runs(layout)["retrain"].info.status == "RUNNING"
        live.start("search")
        live.event(trial(0, params={"train.lr": 0.001}))
        live.event(trial(0, epoch=1, score=5.0))
        live.event(trial(0, epoch=1, score=5.0))  # after its worker was killed, a trial reports its epochs again
        seen = runs(layout)
        assert seen["retrain"].data.tags["stage"] == "search"
        assert (seen["trial-0"].info.status, seen["trial-0"].data.metrics) == ("RUNNING", {"score": 5.0})
        work = {"worker": "node-7:31", "engine": "slurm", "seconds": 12.34}
        live.event(trial(0, state="complete", value=2.5, reason="", **work))
        live.event(trial(1, params={"train.lr": 0.01}))
        live.event(trial(1, state="pruned", value=None, reason=""))
        seen = runs(layout)
        assert (seen["trial-0"].info.status, seen["trial-1"].info.status) == ("FINISHED", "KILLED")
        names = [seen[part].info.run_name for part in ("trial-0", "trial-1")]
        assert names == ["trial 000 · complete 2.5", "trial 001 · pruned"]
        tags = seen["trial-0"].data.tags
        assert (tags["worker"], tags["engine"], tags["duration"]) == ("node-7:31", "slurm", "12.3 s")
        live.finish("search", True)
        live.start("train")
        live.event(epoch(1))
        assert history(layout, "more/val/rmse_px") == [(0, 2.0, 1000 * int(START + 1))]
        run = live.complete()
        conclude(layout, run, Conclusion(3, "promoted", "better by far", {"latency_ms": 9.0}))
    seen = runs(layout)
    retrain = seen["retrain"]
    assert retrain.info.status == "FINISHED"
    assert retrain.info.run_name.startswith("v3 promoted · 1.20°")
    assert (retrain.data.tags["verdict"], retrain.data.tags["version"]) == ("promoted", "3")
    assert "stage" not in retrain.data.tags
    note = retrain.data.tags["mlflow.note.content"]
    assert note.startswith("**Version 3 promoted: better by far**")
    assert "3 train, 1 val, 1 test" in note
    # one value an epoch: that of epoch 1 has the time at which it was measured, the others came at the end
    assert sorted((step, value) for step, value, _ in history(layout, "more/val/rmse_px")) == [
        (0, 2.0),
        (1, 1.0),
        (2, 2 / 3),
    ]
    assert {part: run.info.status for part, run in seen.items()} == {
        "retrain": "FINISHED",
        "search": "FINISHED",
        "trial-0": "FINISHED",
        "trial-1": "KILLED",
        "trial-2": "FINISHED",
    }
    client = open_mlflow(layout.root)
    report = Path(client.download_artifacts(retrain.info.run_id, "evaluation/report.html")).read_text()
    assert "Version 3 promoted: better by far" in report


def test_a_failure_and_an_interruption_show_with_their_reason(layout: Layout) -> None:
    with pytest.raises(UserError), live_run(layout, None, print) as live:
        live.start("validate")
        raise UserError("labels.csv:3: no such frame\nmore about it")
    run = runs(layout)["retrain"]
    assert (run.info.status, run.data.tags["verdict"]) == ("FAILED", "failed")
    assert run.info.run_name.endswith(" failed in validate")
    assert run.data.tags["reason"] == "labels.csv:3: no such frame"
    assert "more about it" in run.data.tags["mlflow.note.content"]
    lock(layout, seed=2)
    with pytest.raises(KeyboardInterrupt), live_run(layout, None, print) as live:
        live.start("search")
        live.event(trial(0, params={}))
        raise KeyboardInterrupt
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("rearfoot").experiment_id
    (last,) = client.search_runs([experiment], "tags.verdict = 'interrupted'")
    assert last.info.status == "KILLED"
    assert runs(layout)["trial-0"].info.status == "KILLED"


def test_the_next_retrain_ends_the_run_of_a_killed_one_when_it_last_gave_a_sign(layout: Layout) -> None:
    killed = LiveRun(layout, None, print)
    killed.begin()
    killed.start("train")
    killed.event(epoch(1))  # and then its process is gone
    with live_run(layout, None, print) as live:
        live.complete()
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("rearfoot").experiment_id
    states = {run.info.status: run for run in client.search_runs([experiment], "tags.`heelstrike.part` = 'retrain'")}
    assert set(states) == {"KILLED", "FINISHED"}
    assert "killed" in states["KILLED"].data.tags["interrupted"]
    assert states["KILLED"].info.run_name.endswith("killed in train")
    assert not (layout.root / ".work" / "rearfoot" / "mlflow-run.json").exists()


def test_a_retrain_without_changes_makes_no_run(layout: Layout) -> None:
    for flow in ("a", "b"):
        with live_run(layout, flow, print) as live:
            live.start("collect")
            live.finish("collect", False)
            live.complete()
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("rearfoot").experiment_id
    (run,) = client.search_runs([experiment], "tags.`heelstrike.part` = 'retrain'")
    assert run.data.tags["flow_run"] == "a, b"
    assert run.info.status == "FINISHED"


def test_a_store_that_goes_away_stops_no_stage(layout: Layout) -> None:
    lines: list[str] = []
    live = LiveRun(layout, None, lines.append)
    live.begin()
    with sqlite3.connect(layout.root / "mlflow.db") as store:
        store.execute("alter table tags rename to away")
    live.start("train")
    live.event(epoch(1))
    with sqlite3.connect(layout.root / "mlflow.db") as store:
        store.execute("alter table away rename to tags")
    live.complete()
    live.end()
    assert len(lines) == 1
    assert "the stages go on" in lines[0]
    assert sorted(step for step, _, _ in history(layout, "more/train/loss")) == [0, 1, 2]


def test_a_run_says_who_and_what_went_into_it(layout: Layout) -> None:
    image = {"subject": "s1", "video": "0001-ab/walk.mp4", "file_name": "images/x.png"}
    (layout.out("split") / "train.json").write_text(json.dumps({"images": [image, image]}))
    with live_run(layout, None, print) as live:
        live.complete()
    run_id = runs(layout)["retrain"].info.run_id
    client = open_mlflow(layout.root)
    sources = Path(client.download_artifacts(run_id, "lineage/sources.csv")).read_text().splitlines()
    assert sources[:2] == ["split,subject,source,batch,images", "train,s1,0001-ab/walk.mp4,0001-ab,2"]
    assert "mlflow==" in Path(client.download_artifacts(run_id, "lineage/environment.txt")).read_text()
    assert "train" in Path(client.download_artifacts(run_id, "lineage/dvc.lock")).read_text()
