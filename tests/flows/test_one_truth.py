"""One number, one value: what report, metrics.json, gates, MLflow and terminal show of one network and test split."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from mlflow.entities import Run
from rich.console import Console

from flows.release import Release, headline_numbers
from flows.summary import print_summary
from heelstrike.files import file_digest, write_json
from heelstrike.registry.database import open_mlflow
from pipeline.evaluate import stage as evaluate
from pipeline.heads.keypoints.error import ERROR
from pipeline.layout import Layout
from pipeline.package import stage as package
from pipeline.params import ProblemParams
from pipeline.registry.decision import Decision
from pipeline.registry.gate import gate
from pipeline.registry.promote import promote
from pipeline.registry.register import register
from pipeline.scoring.case_table import CASES, Cases, read_cases
from pipeline.scoring.format import number
from pipeline.scoring.measurement import measurement_error
from pipeline.scoring.score import SCORES, Score, read_scores
from pipeline.tracking.conclusion import Conclusion, conclude
from pipeline.tracking.model import log_package
from pipeline.tracking.results import log_evaluation
from pipeline.tracking.runs import retrain_run
from tests.pipeline.package.test_stage import SECTION, make_repository
from tests.stores import lock

EVALUATE = {"bootstrap": 100, "sheet_images": 1, "coverage": None}  # one validation subject is too few for radii


@dataclass
class Shown:
    """Everything that shows a number, after a retrain with an untrained network."""

    params: ProblemParams
    layout: Layout
    decision: Decision
    run: Run
    terminal: str

    @property
    def cases(self) -> Cases:
        weights = file_digest(self.layout.out("train") / "weights.safetensors")
        cases = read_cases(
            self.layout.out("evaluate") / CASES, weights, file_digest(self.layout.out("split") / "test.json")
        )
        assert cases is not None
        return cases

    def of_gate(self, name: str) -> dict[str, float]:
        return {gate.name: gate.numbers for gate in self.decision.gates}[name]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Shown]:
    root = tmp_path_factory.mktemp("truth")
    params, layout = make_repository(root / "repository", SECTION | {"evaluate": EVALUATE})
    shutil.copy(empty_store, layout.root / "mlflow.db")
    history = pd.DataFrame({"step": [0], "epoch": [1], "loss": [1.0], "val_rmse_px": [9.0], "lr": [1e-3]})
    history.to_csv(layout.out("train") / "history.csv", index=False)
    write_json(layout.out("validate") / "result.json", {"errors": 0, "warnings": 0})
    write_json(
        layout.out("search") / "best.json", {"model": {"name": "spatial"}, "train": {"lr": 1, "schedule": "flat"}}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("HEELSTRIKE_CACHE", str(root / "cache"))
        evaluate.run(params, layout)
        package.run(params, layout)
        lock(layout, 1)
        with retrain_run(layout) as run:
            log_evaluation(layout, run)
            model = log_package(layout, run)
        decision = gate(layout, params, register(layout, model, run.run_id).number)
        outcome = promote(layout.root, decision)
        conclude(layout, run, Conclusion(outcome.version, outcome.kind, outcome.why, headline_numbers(decision)))
        released = Release(layout, [], "flow", run.run_id, decision, outcome)
        console = Console(record=True, width=300)
        print_summary(released, console)
        yield Shown(params, layout, decision, open_mlflow(layout.root).get_run(run.run_id), console.export_text())


def test_every_place_shows_the_same_numbers(shown: Shown) -> None:
    metrics = json.loads((shown.layout.out("evaluate").parent / "metrics.json").read_text())
    report = unescape((shown.layout.out("evaluate") / "report.html").read_text())
    scores = read_scores(shown.layout.out("evaluate") / SCORES)
    assert [score.metric for score in scores] == ["keypoints/rmse_px", "angle/median_deg", "box/iou_loss_percent"]
    for place, score in enumerate(scores, start=1):
        group, name = score.metric.split("/")
        assert score.value > 0
        assert metrics[group][name] == score.value
        assert shown.run.data.metrics[f"more/test/{score.metric}"] == score.value
        assert shown.run.data.metrics[f"{place}_{name}"] == score.value
        value = number(score.value, score.unit)
        assert f'<td>{score.title}</td><td class="n">{value}</td><td>{score.pooling}</td>' in report
        note = f"| {place}_{name} | {value} | {score.title}: {score.pooling} |"
        assert note in shown.run.data.tags["mlflow.note.content"]
    in_gates = {"error": "rmse_px", "measurement": "median"}
    for score, (name, key) in zip(scores[:2], in_gates.items(), strict=True):
        assert shown.of_gate(name)[key] == pytest.approx(score.value, rel=1e-5)
        assert f"{score}, {score.pooling}" in shown.terminal


def test_the_gates_read_evaluates_cases_and_the_package_scores_the_same(shown: Shown) -> None:
    assert shown.params.measure is not None
    measured = measurement_error(shown.cases, shown.params.measure, shown.params.problem.keypoints)
    made: list[Score] = [ERROR.score(shown.cases), measured.score]
    assert [shown.of_gate("error")["rmse_px"], shown.of_gate("measurement")["median"]] == [s.value for s in made]
    assert 0 < shown.of_gate("parity")["score_difference"] < shown.params.package.parity_px
    assert shown.decision.passed, shown.decision.failures
