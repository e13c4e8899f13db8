"""Every row of the published study: it is there, it is possible, and it learns from one batch."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.preprocess.filters import apply_filters
from heelstrike.preprocess.settings import InputSize
from pipeline.grid.definition import Row, load_definition
from pipeline.grid.rows import plan_rows
from pipeline.heads import heads_of
from pipeline.heads.arrays import Arrays
from pipeline.models.inference import predict_arrays
from pipeline.params import ProblemParams, load_params
from pipeline.train.fit import Plan, fit
from pipeline.train.settings import Step

ROOT = Path(__file__).parents[3]
STUDY = load_definition("study")
NAMES = [row.name for row in STUDY.rows]
# Keypoint R-CNN at full size is a gigabyte of checkpoints a row; tests/models has one
LIGHTER = {"resnet": 18, "width": 16, "hidden": 32, "keypoint_width": 16, "keypoint_layers": 2}
COUNTS = {"keypoints": 26, "localization": 6, "multihead": 10, "detector": 7}


@cache
def rearfoot() -> ProblemParams:
    return load_params(ROOT / "params.yaml")["rearfoot"]


def planned(name: str) -> ProblemParams:
    return plan_rows(STUDY, rearfoot(), only=name)[0].params


def small(params: ProblemParams) -> Plan:
    """The row's plan with a quarter of the input's side and each step as short as can be: the same in kind."""
    size = params.problem.input
    problem = params.problem.model_copy(update={"input": InputSize(width=size.width // 4, height=size.height // 4)})
    steps = tuple(_shortest(step) for step in params.train.steps)
    train = params.train.model_copy(update={"steps": steps, "batch_size": 2, "threads": 1, "precision": "32"})
    lighter = {key: value for key, value in LIGHTER.items() if key in type(params.model).model_fields}
    model = params.model.model_copy(update=lighter)
    return Plan(problem=problem, model=model, train=train, augment=params.augment)


def _shortest(step: Step) -> Step:
    if step.every is not None:
        step = step.model_copy(update={"every": 1})
    return step.shortened(1)


def batch(params: ProblemParams, plan: Plan) -> Arrays:
    """Two images of noise, with the row's filters."""
    rng, side = np.random.default_rng(1), plan.problem.input.width
    raw = rng.integers(0, 256, (2, side, side, 3), dtype=np.uint8)
    images = np.stack([apply_filters(image, params.prepare.filters) for image in raw])
    keypoints = rng.uniform(0.3, 0.7, (2, len(plan.problem.keypoints), 2)) * side
    boxes = np.tile(np.array([0.2, 0.2, 0.6, 0.6]) * side, (2, 1))
    return Arrays(
        images, keypoints.astype(np.float32), np.full(keypoints.shape[:2], 2, np.uint8), boxes.astype(np.float32)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_row_learns_from_one_batch_and_predicts(name: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    params = planned(name)
    plan = small(params)
    arrays = batch(params, plan)
    fitted = fit(plan, arrays, arrays, tmp_path)
    assert len(fitted.history) == len(plan.train.steps)
    assert all(math.isfinite(float(row["loss"])) for row in fitted.history)
    outputs = predict_arrays(fitted.network, arrays.images)
    assert set(outputs) == {name for head in heads_of(plan.model.heads) for name in head.outputs}
    assert all(np.isfinite(part).all() for part in outputs.values())


def test_every_published_row_is_there_with_its_numbers() -> None:
    assert {table: sum(row.table == table for row in STUDY.rows) for table in STUDY.tables} == COUNTS
    without = [row.name for row in STUDY.rows if set(row.published) != set(STUDY.tables[row.table].metrics)]
    assert without == ["kp1", "kp2", "kp3"], "the study gives no number of these"


def test_published_numbers_are_consistent() -> None:
    """A mean of roots is at most the root of the mean, and smooth L1 is at most L1: what a slip of the pen breaks."""

    def slips(row: Row) -> list[str]:
        got = row.published
        pairs = [("mse", "rmse"), ("mse_box", "rmse_box")]
        wrong = [b for a, b in pairs if a in got and got[b] > 1.05 * math.sqrt(got[a])]
        return wrong + ["smooth_l1"] * (got.get("smooth_l1", 0) > got.get("l1", math.inf))

    assert {row.name: slips(row) for row in STUDY.rows if slips(row)} == {}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("kp13", {"input": 512, "dropout": 0.2, "residual": False}),
        ("kp16", {"input": 256, "dropout": 0.1, "residual": True, "bottleneck": "nontraditional"}),
        ("kp18", {"residual": True, "bottleneck": "traditional", "epochs": 50}),
        ("kp25", {"filters": ["histogram_equalization", "edge_enhance"], "epochs": 50}),
        ("mh10", {"filters": ["histogram_equalization", "edge_enhance"], "epochs": 100, "recipe": ("colour_shift",)}),
        ("mh9", {"box": "rmse", "recipe": ()}),
    ],
)
def test_rows_are_what_the_study_says(name: str, what: dict[str, object]) -> None:
    params = planned(name)
    settings = {
        "input": params.problem.input.width,
        "epochs": sum(step.rounds for step in params.train.steps),
        "filters": [one.name for one in params.prepare.filters],
        "recipe": params.augment.recipe,
        "box": params.train.losses.box,
        "dropout": params.model.model_dump()["dropout"],
        **{key: params.model.model_dump()["backbone"][key] for key in ("residual", "bottleneck")},
    }
    assert {key: settings[key] for key in what} == what


def test_nothing_of_params_yaml_but_the_data_gets_in() -> None:
    params = rearfoot()
    other = params.model_copy(
        update={
            "augment": params.augment.model_copy(update={"blur": 0.9}),
            "train": params.train.model_copy(update={"lr": 0.5, "accumulate": 7}),
        }
    )
    assert plan_rows(STUDY, other, only="mh2")[0].params == planned("mh2")


def test_a_detector_cannot_be_given_other_losses() -> None:
    params = rearfoot()
    rows = [{"name": "x", "table": "detector", "base": "det5", "settings": {"train": {"losses": {"box": "giou"}}}}]
    study = type(STUDY).model_validate({**STUDY.model_dump(), "rows": [*STUDY.model_dump()["rows"], *rows]})
    with pytest.raises(UserError, match=r"x: train\.losses\.box is giou, but 'keypoint_rcnn' has losses of its own"):
        plan_rows(study, params, only="x")
