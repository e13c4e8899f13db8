"""One retrain logged to a real MLflow store: what a reviewer sees, and that nothing is there twice."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.database import open_mlflow
from pipeline.layout import Layout
from pipeline.tracking.lineage import retrain_key
from pipeline.tracking.model import log_package
from pipeline.tracking.results import log_dataset, log_disturbed, log_evaluation, log_training, log_validation
from pipeline.tracking.runs import retrain_run
from pipeline.tracking.study import log_search
from tests.stores import finished_retrain, lock


@pytest.fixture
def layout(tmp_path, monkeypatch, empty_store):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return finished_retrain(tmp_path)


def log_all(layout, flow_run=None):
    with retrain_run(layout, flow_run=flow_run) as run:
        log_dataset(layout, run)
        log_validation(layout, run)
        log_search(layout, run)
        log_training(layout, run)
        log_evaluation(layout, run)
        log_disturbed(layout, run)
        return run.run_id, log_package(layout, run)


def client_text(client, run_id, path):
    return Path(client.download_artifacts(run_id, path)).read_text()


def everything(layout):
    """Every run with all of its numbers, for comparing two states of the store."""
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("rearfoot")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    return {
        run.data.tags["heelstrike.part"]: (
            run.info.run_id,
            run.info.status,
            run.data.params,
            {
                name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
                for name in run.data.metrics
            },
            sorted(d.dataset.digest for d in run.inputs.dataset_inputs),
            [model.model_id for model in run.outputs.model_outputs] if run.outputs else [],
        )
        for run in runs
    }, len(runs)


def test_a_reviewer_sees_the_whole_retrain(layout):
    run_id, _ = log_all(layout, flow_run="flow-1")
    client = open_mlflow(layout.root)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["model.name"] == "spatial"
    assert run.data.params["train.lr"] == "0.002"
    assert [m.value for m in client.get_metric_history(run_id, "more/val/rmse_px")] == [2.0, 1.0, 2 / 3]
    assert [m.step for m in client.get_metric_history(run_id, "more/train/loss")] == [0, 1, 2]
    assert run.data.metrics["more/test/angle/median_deg"] == 1.2
    assert run.data.metrics["more/validation/warnings"] == 2
    assert run.data.metrics["1_median_deg"] == 1.2
    assert sorted(run.data.metrics)[0] == "1_median_deg"
    assert run.data.metrics["disturbed_off_share"] == 0.25
    assert run.data.metrics["more/disturbed/a tenth of the light/measured_share"] == 0.5
    assert run.data.tags["flow_run"] == "flow-1"
    assert run.data.tags["dvc.raw"].endswith(".dir")
    assert {d.dataset.name for d in run.inputs.dataset_inputs} == {
        "rearfoot/collect",
        "rearfoot/split",
        "rearfoot/prepare",
    }
    assert all(len(d.dataset.digest) == 36 for d in run.inputs.dataset_inputs)
    files = {f.path for f in client.list_artifacts(run_id, "evaluation")}
    assert files >= {"evaluation/report.html", "evaluation/overlay.png"}
    assert "data:image/png;base64," in client_text(client, run_id, "search/figures.html")


def test_the_study_is_nested_below_the_retrain_and_the_trials_below_the_study(layout):
    run_id, _ = log_all(layout)
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("rearfoot").experiment_id
    (study,) = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run_id}'")
    assert study.info.run_name == "search · 3 trials, 1 pruned"
    trials = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{study.info.run_id}'")
    states = {t.info.run_name: (t.info.status, t.data.params["train.lr"], t.data.metrics["score"]) for t in trials}
    assert states == {
        "trial 000 · complete 2.5": ("FINISHED", "0.001", 2.5),
        "trial 001 · pruned": ("KILLED", "0.01", 9.5),
        "trial 002 · complete 1.5": ("FINISHED", "0.002", 1.5),
    }
    assert study.data.metrics["best_value"] == 1.5


def test_logging_again_adds_nothing(layout):
    log_all(layout, flow_run="a")
    before = everything(layout)
    log_all(layout, flow_run="b")
    assert everything(layout) == before
    client = open_mlflow(layout.root)
    (run,) = client.search_runs(
        [client.get_experiment_by_name("rearfoot").experiment_id], "tags.`heelstrike.part` = 'retrain'"
    )
    assert run.data.tags["flow_run"] == "a, b"


@pytest.mark.parametrize("killed_in", ["log_package", "log_search"])
def test_a_killed_retrain_goes_on_in_its_run(layout, tmp_path_factory, empty_store, killed_in):
    script = f"""
import os, sys
from tests.pipeline.tracking.test_tracking import *
import tests.pipeline.tracking.test_tracking as these, pipeline.tracking.study as study
if "{killed_in}" == "log_search":
    logged = study._log_trial
    study._log_trial = lambda run, trial: os._exit(9) if trial["number"] == 1 else logged(run, trial)
else:
    import pipeline.tracking.model as model
    model._log_model_metrics = lambda *a: os._exit(9)
these.log_all(Layout(Path(sys.argv[1]), "rearfoot"))
"""
    root = str(layout.root)
    assert subprocess.run([sys.executable, "-c", script, root], check=False).returncode == 9
    log_all(layout)
    runs, count = everything(layout)
    undisturbed = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(empty_store, undisturbed / "mlflow.db")
    whole = finished_retrain(undisturbed)
    log_all(whole)
    expected, expected_count = everything(whole)
    assert count == expected_count == 5
    for part, (_, status, params, metrics, datasets, models) in expected.items():
        assert runs[part][1:5] == (status, params, metrics, datasets)
        assert len(runs[part][5]) >= len(models)


def test_other_outputs_make_another_run(layout):
    first, _ = log_all(layout)
    key = retrain_key(layout)
    lock(layout, seed=2)
    assert retrain_key(layout) != key
    second, _ = log_all(layout)
    assert first != second


def test_a_failure_shows_on_the_run_and_the_next_call_mends_it(layout):
    (layout.out("train") / "history.csv").unlink()
    with pytest.raises(UserError, match=r"history\.csv: not there; run the stages first"):
        log_all(layout)
    runs, _ = everything(layout)
    assert runs["retrain"][1] == "FAILED"
    (layout.out("train") / "history.csv").write_text("epoch,loss\n1,0.5\n")
    log_all(layout)
    again, _ = everything(layout)
    assert again["retrain"][1] == "FINISHED"
    assert again["retrain"][0] == runs["retrain"][0]


def test_the_model_is_the_package_without_pickle_and_mlflow_loads_it(layout, tmp_path, monkeypatch):
    _, model_id = log_all(layout)
    client = open_mlflow(layout.root)
    model = client.get_logged_model(model_id)
    assert str(model.status) == "READY"
    folder = tmp_path / "loaded"
    folder.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{layout.root / 'mlflow.db'}")
    import mlflow

    local = mlflow.artifacts.download_artifacts(f"models:/{model_id}", dst_path=str(folder))
    package = layout.out("package")
    for name in ("model.onnx", "manifest.json", "card.md"):
        assert file_digest(folder / name) == file_digest(package / name)
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".joblib")]
    loaded = mlflow.pyfunc.load_model(local)
    example = loaded.metadata.load_input_example(local)
    answer = loaded.predict(example)
    assert answer["keypoints"].shape == (6, 2)
    assert [i.name for i in loaded.metadata.signature.inputs.inputs] == ["image"]
    assert [o.name for o in loaded.metadata.signature.outputs.inputs] == ["keypoints", "confidence", "box"]
    assert np.issubdtype(loaded.metadata.signature.inputs.inputs[0].type, np.uint8)


def test_nothing_run_yet_is_said(tmp_path):
    with pytest.raises(UserError, match=r"dvc\.lock: not there; run the stages first \(heelstrike retrain rearfoot\)"):
        retrain_key(Layout(tmp_path, "rearfoot"))
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    with pytest.raises(UserError, match="it has no stage of rearfoot"):
        retrain_key(Layout(tmp_path, "rearfoot"))
    (tmp_path / "dvc.lock").write_text("]")
    with pytest.raises(UserError, match="not a lock file of DVC"):
        retrain_key(Layout(tmp_path, "rearfoot"))
