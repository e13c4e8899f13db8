"""A package with a temporal model: the graph of what was trained, or none, with the reason on the card."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.package.over_time_settings import OverTime
from heelstrike.package.runtime import Package
from heelstrike.package.temporal import GRAPH
from heelstrike.preprocess.windows import Window
from pipeline.evaluate.temporal.result import TEMPORAL, Verdict
from pipeline.layout import Layout
from pipeline.models.temporal.predict import Windows, predict_temporal
from pipeline.models.temporal.saved import TemporalPlan, load_temporal, save_temporal
from pipeline.package import stage
from pipeline.params import ProblemParams
from tests.pipeline.package.test_stage import SECTION, make_repository

SETTINGS = OverTime(
    slots=5, step_s=0.04, confidence=0.5, fill=0.03, corrects=True, seen=2.0, filled=3.0, quantities={"left": 1.5}
)
FIGURES = {
    kind: {
        "rmse_px": 1.0,
        "rmse_px_per_frame": 2.0,
        "jitter_px": 1.0,
        "jitter_px_per_frame": 3.0,
        "answered": 0.99,
        "answered_per_frame": 0.9,
        "covered": 0.91,
        "filled_covered": None,
    }
    for kind in ("usual", "disturbed")
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProblemParams, Layout]:
    params, layout = make_repository(tmp_path_factory.mktemp("temporal"), SECTION)
    plan = TemporalPlan(
        network="Transformer",
        points=6,
        width=8,
        slots=5,
        step_s=0.04,
        confidence=0.5,
        fill=0.03,
        margin=0.05,
        history=(1.0,),
    )
    torch.manual_seed(1)
    network = plan.build()
    torch.nn.init.normal_(network.shift.weight, std=0.1)
    save_temporal(network, plan, layout.out("train"))
    return params, layout


def judged(layout: Layout, kept: bool) -> None:
    reasons = () if kept else ("on usual videos the error is 3 px, frame by frame 2 px",)
    verdict = Verdict(kept=kept, reasons=reasons, settings=SETTINGS, figures=FIGURES)
    (layout.out("evaluate") / TEMPORAL).write_text(json.dumps(verdict.model_dump(mode="json")))


def test_a_model_that_pays_is_packaged_as_it_was_trained(repository: tuple[ProblemParams, Layout]) -> None:
    params, layout = repository
    judged(layout, kept=True)
    stage.run(params, layout)
    package = Package.load(layout.out("package"), threads=1)
    assert package.temporal is not None and package.manifest.temporal == SETTINGS
    loaded = load_temporal(layout.out("train"))
    assert loaded is not None
    rng = np.random.default_rng(3)
    points = rng.normal(0, 0.3, (1, 5, 6, 2)).astype(np.float32)
    confidence = rng.uniform(size=(1, 5, 6)).astype(np.float32)
    places, spread = predict_temporal(loaded[0], Windows(points, confidence, points[:, 2]))
    answer = package.temporal.run(Window(points[0], confidence[0], np.ones(6, bool), np.zeros(2), 1.0, 5))
    np.testing.assert_allclose(answer[0], places[0], atol=1e-5)
    np.testing.assert_allclose(answer[1], spread[0], rtol=1e-4)
    card = (layout.out("package") / "card.md").read_text()
    assert "## Videos" in card and "answers from several frames" in card and "| as they are: error | 2.00 px" in card
    assert Package.load(layout.out("package"), per_frame=True).temporal is None


def test_a_model_that_does_not_pay_is_left_out_and_the_card_says_why(repository: tuple[ProblemParams, Layout]) -> None:
    params, layout = repository
    judged(layout, kept=False)
    stage.run(params, layout)
    package = Package.load(layout.out("package"), threads=1)
    assert package.temporal is None and package.manifest.temporal is None
    assert not (layout.out("package") / GRAPH).exists()
    assert "since the model does not pay: on usual videos the error" in (layout.out("package") / "card.md").read_text()


def test_a_model_that_was_not_judged_names_the_stage_to_run(repository: tuple[ProblemParams, Layout]) -> None:
    params, layout = repository
    path: Path = layout.out("evaluate") / TEMPORAL
    path.unlink()
    with pytest.raises(UserError, match=r"temporal\.json: not there; run the evaluate stage first"):
        stage.run(params, layout)
