"""Errors in millimetres, NMAE, observers, and images that were mirrored."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from heelstrike.preprocess.mirror import mirror_boxes, mirror_points
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.keypoints.evaluation import KeypointScores
from pipeline.scoring.cases import Truth
from pipeline.scoring.metrics import keypoint_metrics

SETTINGS = EvaluateSettings(bootstrap=100)
XY = np.array([[[10.0, 20.0], [30.0, 40.0]], [[50.0, 60.0], [5.0, 9.0]], [[1.0, 2.0], [3.0, 4.0]]])


def truth(**changes: object) -> Truth:
    index = pd.DataFrame({"image": list("abc"), "subject": list("xyz"), "width": 100, "height": 80})
    index = index.assign(mm_per_px=[0.1, 0.2, np.nan], mirrored=False)
    whole = np.full((3, 2), 2, np.uint8)
    made = Truth(index, XY, whole, np.zeros((3, 4)), np.tile([1.0, 0.0, 0.0], (3, 1)))
    return replace(made, **changes)


def groups(of: Truth, predicted: np.ndarray) -> dict[str, dict[str, float]]:
    return KeypointScores(of, predicted, np.ones((3, 2)), None, SETTINGS, 0.5).groups()


def test_errors_in_millimetres_are_of_images_with_a_scale() -> None:
    found = groups(truth(), np.add(XY, [3.0, 4.0]))["millimetres"]  # 5 px: 0.5 mm, 1 mm, unknown
    assert found["points"] == 4
    assert found["mean_radial_error_mm"] == pytest.approx(0.75)
    assert found["rmse_mm"] == pytest.approx(np.sqrt((0.09 + 0.16 + 0.36 + 0.64) / 4))
    far = np.add(XY, [12.0, 0.0])  # 1.2 and 2.4 mm
    shares = {name: value for name, value in groups(truth(), far)["millimetres"].items() if name.startswith("share")}
    expected = {"share_within_2mm": 0.5, "share_within_2.5mm": 1, "share_within_3mm": 1, "share_within_4mm": 1}
    assert shares == expected


def test_without_any_scale_there_is_no_such_group() -> None:
    index = truth().index.assign(mm_per_px=np.nan)
    assert "millimetres" not in groups(truth(index=index), XY)


def test_nmae() -> None:
    found = keypoint_metrics(np.array([[[11.0, 19.0]]]), np.array([[[10.0, 20.0]]]), np.array([[True]]))
    assert found["nmae"] == pytest.approx((0.1 + 0.05) / 2)


def test_observers_beside_the_model() -> None:
    observers = np.array([[4.0, np.nan], [6.0, np.nan], [np.nan, np.nan]])
    found = groups(truth(observers=observers), np.add(XY, [0.0, 2.0]))["observers"]
    assert found["points"] == 2
    assert found["mean_distance_px"] == 5 and found["model_mean_distance_px"] == 2
    assert found["model_to_observers"] == pytest.approx(0.4)
    assert found["mean_distance_mm"] == pytest.approx((0.4 + 1.2) / 2)


def test_what_was_mirrored_is_mirrored_back() -> None:
    mirrored = np.array([True, False, True])
    width = np.full(3, 100)
    boxes = np.array([[5.0, 6.0, 20.0, 30.0]] * 3)
    of = truth(index=truth().index.assign(mirrored=mirrored))
    np.testing.assert_allclose(of.points_in_original(mirror_points(XY, width, mirrored)), XY)
    np.testing.assert_allclose(of.boxes_in_original(mirror_boxes(boxes, width, mirrored)), boxes)
    objects = np.append(boxes, [[2.0]] * 3, axis=1)[:, None].repeat(2, axis=1)  # two of class 2 in each image
    found = of.objects_in_original(objects)
    np.testing.assert_allclose(found[:, 1, :4], mirror_boxes(boxes, width, mirrored))
    assert (found[..., 4] == 2).all()
    assert mirror_boxes(boxes, width, mirrored)[0].tolist() == [74.0, 6.0, 20.0, 30.0]
