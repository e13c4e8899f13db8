"""Drawn stick figures, compared with the course's data set where it is available."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from pipeline.synthetic.generators import generate, label_format
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.stickfigure import KEYPOINTS, picture

SOURCE = SyntheticSource(kind="synthetic", generator="stickfigure", subjects=3, width=128, height=128, seed=641)


def test_figures_are_distributed_as_the_course_draws_them(datasets: Path) -> None:
    content = json.loads((datasets / "ee641-keypoints" / "train_annotations.json").read_text())
    course = np.array([image["keypoints"] for image in content["images"]], float)
    drawn = np.stack([picture(SOURCE, index, sides=False)[1] for index in range(1000)])
    for expected, points in ((course, drawn), (course - course[:, :1], drawn - drawn[:, :1])):
        assert np.abs(expected.mean(axis=0) - points.mean(axis=0)).max() < 2
        assert np.abs(expected.std(axis=0) - points.std(axis=0)).max() < 1.5
        assert np.abs(expected.min(axis=0) - points.min(axis=0)).max() <= 2
        assert np.abs(expected.max(axis=0) - points.max(axis=0)).max() <= 2


def test_pictures_look_as_the_course_draws_them(datasets: Path) -> None:
    def ink(images: list[np.ndarray]) -> float:
        return float(np.mean([(image < 128).sum() for image in images]))

    folder = datasets / "ee641-keypoints" / "val"
    course = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(folder.glob("*.png"))]
    drawn = [picture(SOURCE, index, sides=False)[0][..., 0] for index in range(200)]
    assert abs(ink(drawn) / ink(course) - 1) < 0.15


def test_only_with_sides_is_the_left_hand_another_than_the_right() -> None:
    for index in range(20):
        (plain, points), (with_ball, same) = (picture(SOURCE, index, sides) for sides in (False, True))
        assert np.array_equal(points, same)
        changed = np.argwhere((plain != with_ball).any(axis=2))[:, ::-1]
        assert np.linalg.norm(changed - points[1], axis=1).max() < 6


def test_every_point_lies_on_ink_inside_the_picture() -> None:
    for index in range(50):
        image, points = picture(SOURCE, index, sides=True)
        assert (points >= 0).all() and (points < 128).all()
        for x, y in points[1:].astype(int):
            assert image[y, x, 0] == 0


def test_files_are_read_by_the_source_that_they_name(tmp_path: Path) -> None:
    labels = generate(SOURCE, tmp_path)
    table = pd.read_csv(labels)
    assert list(table.columns) == ["image", *(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy")]
    assert len(table) == 3
    image, points = picture(SOURCE, 1, sides=False)
    assert table.iloc[1, 1:].tolist() == points.ravel().tolist()
    assert np.array_equal(cv2.imread(str(tmp_path / table["image"][1])), image)
    assert label_format(SOURCE)["kind"] == "csv"
