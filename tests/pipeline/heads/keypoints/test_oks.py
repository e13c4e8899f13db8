"""Average precision of keypoints, fed to COCO's evaluation and read rightly."""

import numpy as np
import pytest

from pipeline.heads.keypoints.oks import oks_precision

KEYPOINTS = np.array([[[20.0, 20.0], [40.0, 60.0]], [[30.0, 30.0], [50.0, 70.0]]])
BOXES = np.array([[10.0, 10.0, 40.0, 60.0], [20.0, 20.0, 40.0, 60.0]])
IMAGES, SURE = np.array(["v/000.png", "v/007.png"]), np.array([0.9, 0.8])


def test_perfect_keypoints() -> None:
    found = oks_precision(IMAGES, KEYPOINTS, BOXES, KEYPOINTS, SURE, [0.05, 0.1])
    assert found == pytest.approx({"oks_ap": 1.0, "oks_ap50": 1.0, "oks_ap75": 1.0})


def test_the_problems_own_sigmas_decide() -> None:
    # OKS of a point at distance d: exp(-d^2 / (2 area (2 sigma)^2))
    area, target, sigma = 40.0 * 60.0, 0.62, 0.05
    distance = np.sqrt(-np.log(target) * 2 * area * (2 * sigma) ** 2)
    moved = KEYPOINTS + np.array([distance, 0.0])
    found = oks_precision(IMAGES, KEYPOINTS, BOXES, moved, SURE, [sigma, sigma])
    assert found == pytest.approx({"oks_ap": 0.3, "oks_ap50": 1.0, "oks_ap75": 0.0})  # found at 0.50, 0.55, 0.60
    assert oks_precision(IMAGES, KEYPOINTS, BOXES, moved, SURE, [sigma / 2, sigma / 2])["oks_ap50"] == 0.0


def test_what_is_not_labelled_is_in_no_score() -> None:
    truth, moved = KEYPOINTS.copy(), KEYPOINTS.copy()
    truth[:, 1], moved[:, 1] = np.nan, 900.0
    assert oks_precision(IMAGES, truth, BOXES, moved, SURE, [0.05, 0.05])["oks_ap"] == pytest.approx(1.0)
    nothing = np.full_like(truth, np.nan)
    assert np.isnan(oks_precision(IMAGES, nothing, BOXES, moved, SURE, [0.05, 0.05])["oks_ap"])
