"""Metrics against torch, torchvision and hand-computed numbers."""

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scoring.metrics import (
    band_shares,
    box_iou,
    box_metrics,
    distances,
    image_mse,
    image_rmse,
    keypoint_metrics,
    smooth_l1,
    visibility_metrics,
)

RNG = np.random.default_rng(7)
TRUTH = RNG.uniform(0, 255, (40, 6, 2))
PREDICTED = TRUTH + RNG.normal(0, 2, TRUTH.shape)
LABELLED = RNG.random((40, 6)) > 0.2
TRUTH[~LABELLED] = np.nan


def test_against_torch() -> None:
    found = keypoint_metrics(PREDICTED, TRUTH, LABELLED)
    a, b = torch.tensor(PREDICTED[LABELLED]), torch.tensor(TRUTH[LABELLED])
    assert found["mse_px2"] == pytest.approx(torch.nn.functional.mse_loss(a, b).item())
    assert found["rmse_px"] == pytest.approx(torch.nn.functional.mse_loss(a, b).item() ** 0.5)
    assert found["l1_px"] == pytest.approx(torch.nn.functional.l1_loss(a, b).item())
    assert found["smooth_l1"] == pytest.approx(torch.nn.functional.smooth_l1_loss(a, b).item())
    assert found["mean_distance_px"] == pytest.approx(torch.linalg.norm(a - b, dim=1).mean().item())


def test_rmse_is_of_coordinates_and_mean_distance_is_another_number() -> None:
    truth = np.zeros((1, 2, 2))
    found = keypoint_metrics(truth + np.array([3.0, 4.0]), truth, np.ones((1, 2), bool))
    assert found["rmse_px"] == pytest.approx(np.sqrt(12.5))
    assert found["mean_distance_px"] == pytest.approx(5.0)


def test_a_point_without_a_label_counts_nowhere() -> None:
    far = PREDICTED.copy()
    far[~LABELLED] += 1000
    assert keypoint_metrics(far, TRUTH, LABELLED) == keypoint_metrics(PREDICTED, TRUTH, LABELLED)
    assert image_rmse(far, TRUTH, LABELLED) == pytest.approx(image_rmse(PREDICTED, TRUTH, LABELLED), nan_ok=True)
    assert np.isnan(distances(far, TRUTH, LABELLED)).tolist() == (~LABELLED).tolist()


def test_nothing_labelled_has_no_number() -> None:
    none = np.zeros((3, 6), bool)
    found = keypoint_metrics(PREDICTED[:3], np.full((3, 6, 2), np.nan), none)
    assert all(np.isnan(value) for value in found.values())
    assert found.keys() == keypoint_metrics(PREDICTED, TRUTH, LABELLED).keys()
    assert np.isnan(image_mse(PREDICTED[:3], TRUTH[:3], none)).all()


def test_the_images_make_up_the_whole() -> None:
    counts = LABELLED.sum(axis=1)
    pooled = np.nansum(image_mse(PREDICTED, TRUTH, LABELLED) * counts) / counts.sum()
    assert pooled == pytest.approx(keypoint_metrics(PREDICTED, TRUTH, LABELLED)["mse_px2"])


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=8), st.floats(0.1, 5))
def test_smooth_l1_is_torchs(values: list[float], beta: float) -> None:
    theirs = torch.nn.functional.smooth_l1_loss(
        torch.tensor(values, dtype=torch.float64), torch.zeros(len(values), dtype=torch.float64), beta=beta
    )
    assert smooth_l1(np.array(values), beta).mean() == pytest.approx(theirs.item(), abs=1e-9)


def test_bands() -> None:
    assert band_shares(np.array([1.0, 9.99, 10.0, 25.0, 25.1, np.nan]), (10.0, 25.0)) == {
        "share_below_10px": pytest.approx(0.4),
        "share_10_to_25px": pytest.approx(0.4),
        "share_above_25px": pytest.approx(0.2),
    }
    assert all(np.isnan(v) for v in band_shares(np.array([np.nan]), (10.0, 25.0)).values())


BOX = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0.5, 80), st.floats(0.5, 80))


@given(BOX, BOX)
def test_iou_is_torchvisions(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    def corners(box: tuple[float, ...]) -> torch.Tensor:
        return torch.tensor([[box[0], box[1], box[0] + box[2], box[1] + box[3]]], dtype=torch.float64)

    theirs = torchvision.ops.box_iou(corners(a), corners(b)).item()
    assert box_iou(np.array([a]), np.array([b]))[0] == pytest.approx(theirs, abs=1e-9)


def test_iou_of_empty_boxes_is_zero() -> None:
    empty = np.array([[5.0, 5.0, 0.0, 0.0], [5.0, 5.0, -3.0, 4.0]])
    assert box_iou(empty, empty).tolist() == [0.0, 0.0]


def test_box_metrics_by_hand() -> None:
    truth = np.array([[0.0, 0.0, 10.0, 10.0], [np.nan] * 4])
    found = box_metrics(np.array([[5.0, 0.0, 10.0, 10.0], [0, 0, 1, 1]]), truth)
    assert found["iou_loss_percent"] == pytest.approx(100 * (1 - 50 / 150))
    assert found["rmse_px"] == pytest.approx(2.5)
    assert found["l1_px"] == pytest.approx(1.25)


def test_presence() -> None:
    confidence = np.array([[0.9, 0.4, 0.6], [0.8, 0.1, 0.2]])
    visible = np.array([[True, True, False], [True, False, False]])
    missing = np.array([[False, False, True], [False, True, False]])
    found = visibility_metrics(confidence, visible, missing, 0.5)
    assert found["auroc"] == pytest.approx(5 / 6)  # of six pairs only (0.4 there, 0.6 not there) is wrong
    assert found["visible_called_missing_share"] == pytest.approx(1 / 3)
    assert found["missing_called_visible_share"] == pytest.approx(1 / 2)


def test_presence_without_missing_points() -> None:
    every = np.ones((2, 3), bool)
    found = visibility_metrics(np.full((2, 3), 0.9), every, ~every, 0.5)
    assert np.isnan(found["auroc"]) and np.isnan(found["missing_called_visible_share"])
    assert found["visible_called_missing_share"] == 0.0
