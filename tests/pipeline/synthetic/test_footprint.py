"""Rendered footprints."""

import cv2
import numpy as np
import pandas as pd

from pipeline.synthetic.footprint import KEYPOINTS, draw_print
from pipeline.synthetic.generators import generate
from pipeline.synthetic.settings import SyntheticSource

SMALL = SyntheticSource(
    kind="synthetic", generator="footprint", subjects=2, frames_per_subject=2, width=260, height=400, seed=5
)


def test_points_lie_on_the_edge_of_the_ink() -> None:
    for person in range(3):
        for number in range(2):
            made = draw_print(SMALL, person, number)
            height, width = made.image.shape[:2]
            assert height <= 400 and width <= 260
            known = made.points[np.isfinite(made.points).all(axis=1)]
            assert ((known >= 0) & (known <= [width - 1, height - 1])).all()
            contact = made.sole.astype(np.uint8)
            edge = cv2.dilate(contact, np.ones((5, 5))) - cv2.erode(contact, np.ones((5, 5)))
            x, y = np.round(made.points[5:]).astype(int).T
            assert edge[y, x].all()


def test_left_is_mirrored_and_the_scale_is_true() -> None:
    right, left = draw_print(SMALL, 0, 0), draw_print(SMALL, 0, 1)
    assert (right.slices["foot"], left.slices["foot"]) == ("right", "left")
    assert right.points[5, 0] < right.points[6, 0] and left.points[5, 0] > left.points[6, 0]
    lengths = [np.linalg.norm(p.points[7] - p.points[5]) * p.mm_per_px for p in (right, left)]
    assert abs(lengths[0] - lengths[1]) < 4  # of the same foot, but for the turn


def test_files_and_labels(tmp_path) -> None:
    table = pd.read_csv(generate(SMALL, tmp_path))
    points = [f"{name}_{axis}" for name in KEYPOINTS for axis in "xy"]
    assert table.columns.tolist() == ["image", "subject", "mm_per_px", *points, "foot", "arch"]
    assert table["foot"].tolist() == ["right", "left", "right", "left"]
    first = {p: p.read_bytes() for p in tmp_path.rglob("*.png")}
    generate(SMALL, tmp_path)
    assert first == {p: p.read_bytes() for p in tmp_path.rglob("*.png")}
