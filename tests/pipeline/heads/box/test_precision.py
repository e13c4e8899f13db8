"""Average precision of one box per instance, fed to COCO's evaluation and read rightly."""

import numpy as np
import pytest

from pipeline.heads.box.precision import box_precision

BOXES = np.array([[10.0, 10.0, 40.0, 60.0], [20.0, 20.0, 40.0, 60.0]])
IMAGES, SURE = np.array(["v/000.png", "v/007.png"]), np.array([0.9, 0.8])


def test_perfect_boxes(capsys: pytest.CaptureFixture[str]) -> None:
    assert box_precision(IMAGES, BOXES, BOXES, SURE) == pytest.approx({"ap": 1.0, "ap50": 1.0, "ap75": 1.0})
    assert capsys.readouterr().out == ""


def test_a_box_of_known_overlap() -> None:
    boxes = BOXES.copy()
    boxes[:, 2] *= 0.72  # IoU 0.72: found at 0.50, 0.55, 0.60, 0.65, 0.70 of the ten thresholds
    assert box_precision(IMAGES, BOXES, boxes, SURE) == pytest.approx({"ap": 0.5, "ap50": 1.0, "ap75": 0.0})


def test_two_instances_of_one_image_find_each_other() -> None:
    same = np.array(["v/000.png"] * 2)
    assert box_precision(same, BOXES, BOXES[::-1], SURE)["ap"] == pytest.approx(1.0)
    apart = BOXES + np.array([[0.0, 0, 0, 0], [90, 0, 0, 0]])
    assert box_precision(IMAGES, apart, BOXES, SURE)["ap50"] == pytest.approx(0.5, abs=0.01)
