"""Classes and detections through every stage, by the example files made small. Minutes: `pytest -m slow`."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from heelstrike.files import file_digest
from heelstrike.package.runtime import Package
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.registry.criteria.contest import Contest, Contestant
from pipeline.registry.criteria.gates import run_gates
from pipeline.registry.examine import examine
from pipeline.scoring.case_table import CASES, read_cases
from tests.e2e.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

STAGES = ("collect", "validate", "split", "prepare", "search", "train", "evaluate", "package")
SMALL = {"bootstrap": 200, "sheet_images": 2}


def small_shapes(section: dict[str, Any]) -> None:
    section["problem"]["input"] = {"width": 96, "height": 96}
    section["collect"]["sources"] = [section["collect"]["sources"][0] | {"subjects": 100, "width": 96, "height": 96}]
    section["model"] |= {"channels": [8, 12, 16, 24], "anchors": [[8, 12, 16], [20, 28, 40], [40, 56, 80]]}
    section["train"]["steps"] = [{"heads": ["detections"], "epochs": 6}]


def small_ankle(section: dict[str, Any]) -> None:
    section["problem"]["input"] = {"width": 64, "height": 64}
    section["collect"]["sources"] = [section["collect"]["sources"][0] | {"width": 64, "height": 64}]
    section["model"]["backbone"]["channels"] = [4, 8, 8]
    section["train"]["steps"] = [{"heads": ["class"], "epochs": 3}]


@pytest.fixture(params=[("shapes", small_shapes), ("ankle", small_ankle)], ids=["shapes", "ankle"])
def road(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ProblemParams, Layout]:
    """Every stage run in a folder of its own."""
    problem, change = request.param
    data = yaml.safe_load((ROOT / "docs" / "examples" / f"{problem}.yaml").read_text())
    change(data[problem])
    data[problem]["evaluate"] = SMALL
    params, layout = parse_params(data)[problem], Layout(tmp_path, problem)
    layout.raw.mkdir(parents=True)
    for stage in STAGES:
        importlib.import_module(f"pipeline.{stage}.stage").run(params, layout)
    return params, layout


def test_the_road(road: tuple[ProblemParams, Layout], tmp_path: Path) -> None:
    params, layout = road
    package, tests = Package.load(layout.out("package")), read_judged_split(layout, params)
    weights = file_digest(layout.out("train") / "weights.safetensors")
    evaluated = read_cases(layout.out("evaluate") / CASES, weights, tests.digest)
    assert evaluated is not None
    side = Contestant(layout.out("package"), package.manifest, examine(package, tests, params, "challenger", evaluated))
    contest = Contest(params, side, side, layout.out("validate") / "result.json")
    verdicts = {gate.name: gate for gate in run_gates(contest)}
    assert verdicts["finite"].passed
    assert verdicts["parity"].passed
    assert verdicts["signature"].passed
    assert not verdicts["comparison"].passed, "it is no better than itself"
    picture = next(layout.out("collect").rglob("*.png"))
    report = predict_path(picture, package, ModelReference("it/1", "1"), tmp_path / "out", overlay=True)
    frame = json.loads(report.done[0].files[0].read_text())["frames"][0]
    assert {"class", "instances"} & set(frame)
    page = (layout.out("evaluate") / "report.html").read_text()
    assert "how good is this model?" in page
