"""Back to original pixels, and slices."""

import numpy as np
import pandas as pd

from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from pipeline.layout import Layout
from pipeline.scoring.cases import Truth, load_truth


def test_every_image_goes_back_by_its_own_letterbox() -> None:
    rng = np.random.default_rng(1)
    sizes = [(640, 480), (1080, 1920), (37, 250)]
    boxes = [Letterbox.fit(w, h, InputSize(width=256, height=192)) for w, h in sizes]
    points, rectangles = rng.uniform(0, 30, (3, 5, 2)), rng.uniform(1, 30, (3, 4))
    truth = Truth(
        index=pd.DataFrame({"subject": ["a", "b", "c"], "width": [w for w, _ in sizes], "mirrored": False}),
        keypoints=np.stack([b.forward(p) for b, p in zip(boxes, points, strict=True)]),
        visibility=np.full((3, 5), 2, np.uint8),
        boxes=np.stack([b.forward_boxes(r) for b, r in zip(boxes, rectangles, strict=True)]),
        letterbox=np.array([[b.scale, b.pad_x, b.pad_y] for b in boxes]),
    )
    assert np.allclose(truth.points_in_original(truth.keypoints), points, atol=1e-9)
    assert np.allclose(truth.boxes_in_original(truth.boxes), rectangles, atol=1e-9)


def test_slices_start_with_the_subject(rearfoot_project: Layout) -> None:
    slices = load_truth(rearfoot_project.out("prepare") / "test").slices()
    assert list(slices) == ["subject", "tone"]
    assert slices["tone"][[0, -1]].tolist() == ["I", "VI"]
