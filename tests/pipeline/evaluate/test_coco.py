"""AP by pycocotools, fed and read rightly."""

import json
from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from pipeline.evaluate.coco import average_precision

KEYPOINTS = np.array([[[20.0, 20.0], [40.0, 60.0]], [[30.0, 30.0], [50.0, 70.0]]])
BOXES = np.array([[10.0, 10.0, 40.0, 60.0], [20.0, 20.0, 40.0, 60.0]])
NAMES = ["images/v/000.png", "images/v/007.png"]
SIGMAS = [0.05, 0.1]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    images = [{"id": i + 11, "file_name": name, "width": 100, "height": 100} for i, name in enumerate(NAMES)]
    annotations = [
        {
            "id": i + 1,
            "image_id": i + 11,
            "category_id": 1,
            "iscrowd": 0,
            "bbox": BOXES[i].tolist(),
            "area": float(BOXES[i, 2] * BOXES[i, 3]),
            "num_keypoints": 2,
            "keypoints": [v for point in KEYPOINTS[i] for v in (*point, 2)],
        }
        for i in range(2)
    ]
    categories = [{"id": 1, "name": "thing", "keypoints": ["a", "b"], "skeleton": [[1, 2]]}]
    path = tmp_path / "test.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def test_perfect_predictions(truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = average_precision(truth, NAMES, KEYPOINTS, BOXES, np.array([0.9, 0.8]), SIGMAS)
    assert found["box"] == pytest.approx({"ap": 1.0, "ap50": 1.0, "ap75": 1.0})
    assert found["keypoints"] == pytest.approx({"ap": 1.0, "ap50": 1.0, "ap75": 1.0})
    assert capsys.readouterr().out == ""


def test_the_order_of_the_images_does_not_matter(truth: Path) -> None:
    turned = average_precision(truth, NAMES[::-1], KEYPOINTS[::-1], BOXES[::-1], np.array([0.8, 0.9]), SIGMAS)
    assert turned["box"]["ap"] == pytest.approx(1.0) and turned["keypoints"]["ap"] == pytest.approx(1.0)


def test_a_box_of_known_overlap(truth: Path) -> None:
    boxes = BOXES.copy()
    boxes[:, 2] *= 0.72  # IoU 0.72: found at 0.50, 0.55, 0.60, 0.65, 0.70 of the ten thresholds
    found = average_precision(truth, NAMES, KEYPOINTS, boxes, np.array([0.9, 0.8]), SIGMAS)["box"]
    assert found == pytest.approx({"ap": 0.5, "ap50": 1.0, "ap75": 0.0})


def test_the_problems_own_sigmas_decide(truth: Path) -> None:
    # OKS of a point at distance d: exp(-d^2 / (2 area (2 sigma)^2))
    area = 40.0 * 60.0
    target, sigma = 0.62, 0.05
    distance = np.sqrt(-np.log(target) * 2 * area * (2 * sigma) ** 2)
    moved = KEYPOINTS + np.array([distance, 0.0])
    found = average_precision(truth, NAMES, moved, BOXES, np.array([0.9, 0.8]), [sigma, sigma])["keypoints"]
    assert found == pytest.approx({"ap": 0.3, "ap50": 1.0, "ap75": 0.0})  # found at 0.50, 0.55, 0.60
    strict = average_precision(truth, NAMES, moved, BOXES, np.array([0.9, 0.8]), [sigma / 2, sigma / 2])["keypoints"]
    assert strict["ap50"] == 0.0


def test_an_image_that_the_split_does_not_know(truth: Path) -> None:
    with pytest.raises(UserError, match=r"test\.json: no image entry for other\.png"):
        average_precision(truth, ["other.png", NAMES[0]], KEYPOINTS, BOXES, np.ones(2), SIGMAS)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run the split stage"):
        average_precision(tmp_path / "test.json", NAMES, KEYPOINTS, BOXES, np.ones(2), SIGMAS)
