"""Groups of numbers of known predictions."""

import numpy as np
import pytest

from heelstrike.measure.base import Measurement
from heelstrike.measure.build import build_measure
from pipeline.evaluate.slices import for_showing, slice_table, statistics_of
from pipeline.evaluate.summary import count_reasons, summarise, to_json
from pipeline.heads.evaluation import Answers, Scores, scores_of
from pipeline.layout import Layout
from pipeline.models.inference import ArrayPredictions
from pipeline.params import ProblemParams
from pipeline.scoring.cases import Truth, load_truth


def shifted(truth: Truth, by: tuple[float, float], confidence: float = 0.9) -> ArrayPredictions:
    points = np.nan_to_num(truth.keypoints.astype(float)) + by
    boxes = truth.boxes.astype(float)
    return {"keypoints": points, "confidence": np.full(points.shape[:2], confidence), "boxes": boxes}


def scored(truth: Truth, predictions: ArrayPredictions, params: ProblemParams, measured: bool = False) -> list[Scores]:
    measure = build_measure(params.measure, params.problem.keypoints, 0.5) if measured else None
    return scores_of(Answers(truth, predictions, params.problem, params.evaluate, 0.5, measure))


@pytest.fixture
def truth(rearfoot_project: Layout) -> Truth:
    return load_truth(rearfoot_project.out("prepare") / "test")


def test_a_shift_moves_points_but_no_angle(truth: Truth, rearfoot: ProblemParams) -> None:
    found = summarise(truth, scored(truth, shifted(truth, (3.0, 4.0)), rearfoot, measured=True))
    assert found["keypoints"]["rmse_px"] == pytest.approx(np.sqrt(12.5))
    assert found["keypoints"]["rmse_px_low"] == pytest.approx(np.sqrt(12.5))
    assert found["keypoints"]["mean_distance_px"] == pytest.approx(5.0)
    assert found["keypoints_original"]["mean_distance_px"] == pytest.approx(5.0 * 120 / 64)
    assert found["bands"] == {"share_below_10px": 1.0, "share_10_to_25px": 0.0, "share_above_25px": 0.0}
    assert found["box"]["iou_loss_percent"] == pytest.approx(0.0)
    assert found["angle"]["median_deg"] == pytest.approx(0.0, abs=1e-3)
    assert found["angle"]["measured_share"] == 1.0 and found["angle"]["pairs"] == 48
    assert np.isnan(found["angle"]["measured_share_of_incomplete"]) and np.isnan(found["presence"]["auroc"])


def test_refusing_frames_does_not_improve_the_error(truth: Truth, rearfoot: ProblemParams) -> None:
    predicted = shifted(truth, (0.0, 0.0))
    predicted["keypoints"][:12, 2] += [20.0, 0.0]
    predicted["confidence"][:12] = 0.1
    found = summarise(truth, scored(truth, predicted, rearfoot, measured=True))["angle"]
    assert found["measured_share"] == 0.5
    assert found["median_measured_deg"] == pytest.approx(0.0, abs=1e-3)
    assert found["p95_deg"] > 20


def test_slices_find_the_group_that_is_served_worse(truth: Truth, rearfoot: ProblemParams) -> None:
    predicted = shifted(truth, (0.0, 0.0))
    predicted["keypoints"][12:] += [2.0, 0.0]
    table = slice_table(truth, scored(truth, predicted, rearfoot), rearfoot.evaluate).set_index(["slice", "value"])
    assert table.loc[("tone", "I"), "rmse_px"] == pytest.approx(0.0)
    assert table.loc[("tone", "VI"), "rmse_px"] == pytest.approx(np.sqrt(2.0))
    assert table.loc[("tone", "VI"), "subjects"] == 2
    assert table.loc[("tone", "VI"), "rmse_px_drawn"] == "clusters"
    assert table.loc[("subject", "s3"), "rmse_px_drawn"] == "images"
    everyone = table.loc[("all", "all")]
    assert everyone["rmse_px"] == pytest.approx(1.0)
    assert everyone["rmse_px_low"] == pytest.approx(0.0) and everyone["rmse_px_high"] == pytest.approx(np.sqrt(2.0))
    assert statistics_of(table) == ["rmse_px", "rmse_original_px", "share_below_10px", "box_iou_loss_percent"]


def test_a_slice_whose_values_are_all_of_one_subject_says_so(truth: Truth, rearfoot: ProblemParams) -> None:
    truth.visibility[12:18, 1] = 0  # subject s2 has no whole left leg
    truth.keypoints[12:18, 1] = np.nan
    truth.visibility[12:18, 4] = 0
    truth.keypoints[12:18, 4] = np.nan
    table = slice_table(
        truth, scored(truth, shifted(truth, (0.0, 0.0)), rearfoot, measured=True), rearfoot.evaluate
    ).set_index(["slice", "value"])
    row = table.loc[("tone", "VI")]
    assert row["subjects"] == 2 and row["rmse_px_drawn"] == "clusters" and row["angle_median_deg_drawn"] == "images"


def test_of_many_subjects_the_worst_are_shown(truth: Truth, rearfoot: ProblemParams) -> None:
    predicted = shifted(truth, (0.0, 0.0))
    predicted["keypoints"][6:18] += [2.0, 0.0]
    shown = for_showing(slice_table(truth, scored(truth, predicted, rearfoot), rearfoot.evaluate), most=2)
    assert shown["value"].tolist() == ["all", "s1", "s2", "I", "VI"]


def test_boxes_alone(truth: Truth, rearfoot: ProblemParams) -> None:
    boxes = truth.boxes.astype(float) + np.array([3.0, 0.0, 0.0, 4.0])
    heads = scored(truth, {"boxes": boxes}, rearfoot)
    found = summarise(truth, heads)
    assert set(found) == {"images", "box", "box_original"}
    assert found["box"]["rmse_px"] == pytest.approx(2.5)
    assert found["box_original"]["rmse_px"] == pytest.approx(2.5 * 120 / 64)
    assert found["box"]["iou_loss_percent_low"] <= found["box"]["iou_loss_percent"]
    assert statistics_of(slice_table(truth, heads, rearfoot.evaluate)) == ["box_iou_loss_percent"]
    overlay = heads[0].overlay(rearfoot.problem)
    assert overlay.predicted.shape == (24, 4, 2)
    assert overlay.predicted[0, 2] - overlay.truth[0, 2] == pytest.approx([3.0 * 120 / 64, 4.0 * 120 / 64])


def test_keypoints_alone(truth: Truth, rearfoot: ProblemParams) -> None:
    both = shifted(truth, (3.0, 4.0))
    heads = scored(truth, {name: both[name] for name in ("keypoints", "confidence")}, rearfoot)
    assert set(summarise(truth, heads)) == {
        *("bands", "images", "keypoints", "keypoints_original", "presence")
    }  # fmt: skip


def test_reasons_are_counted() -> None:
    made = [Measurement("m", "deg", reason="one_leg"), Measurement("m", "deg", warnings=("sides_disagree: a",))]
    made += [Measurement("m", "deg", reason="no_legs")] * 2 + [Measurement("m", "deg")]
    assert list(count_reasons(made).items()) == [("no_legs", 2), ("one_leg", 1), ("measured, but sides_disagree", 1)]


def test_numbers_for_json() -> None:
    assert to_json({"a": {"b": 1.23456789, "c": float("nan"), "d": 3, "e": np.float64(2e-9)}}) == {
        "a": {"b": 1.23457, "c": None, "d": 3, "e": 2e-9}
    }
