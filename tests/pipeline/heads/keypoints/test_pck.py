"""PCK against shares worked out by hand."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pipeline.evaluate.settings import EvaluateSettings, PckSettings
from pipeline.evaluate.stage import run
from pipeline.heads.keypoints.pck import draw_curve, pck_metrics, relative_distances, worst
from pipeline.layout import Layout
from pipeline.scoring.cases import Truth
from tests.pipeline.evaluate.conftest import MOUSE, make_project, params_of

PCK = PckSettings()


def truth_of(points: np.ndarray) -> Truth:
    index = pd.DataFrame({"subject": [f"s{n}" for n in range(len(points))], "width": 200, "height": 100})
    visibility = np.where(np.isfinite(points).all(axis=-1), 2, 0).astype(np.uint8)
    empty = np.zeros((len(points), 4))
    return Truth(index, points, visibility, empty, empty[:, :3])


def test_distances_are_divided_by_the_labelled_points_box_and_by_the_images_longer_side() -> None:
    points = np.array([[[10.0, 10], [40, 50], [np.nan, np.nan]], [[5, 5], [np.nan] * 2, [np.nan] * 2]])
    distance = np.array([[5.0, 10, np.nan], [4, np.nan, np.nan]])
    found = relative_distances(distance, points, truth_of(points))
    np.testing.assert_allclose(found["box"], [[0.1, 0.2, np.nan], [np.nan] * 3])
    np.testing.assert_allclose(found["image"], [[0.025, 0.05, np.nan], [0.02, np.nan, np.nan]])
    np.testing.assert_allclose(worst(found["box"]), [0.2, np.nan])


def test_shares_count_points_within_each_threshold() -> None:
    points = np.tile(np.array([[0.0, 0], [30, 40]]), (4, 1, 1))
    distance = np.array([[0.0, 2.5], [2.6, 5], [7, 8], [10, 11]])  # of a diagonal of 50
    truth = truth_of(points)
    relative = relative_distances(distance, points, truth)
    found = pck_metrics(relative, truth, EvaluateSettings(bootstrap=100), PCK)
    assert [found[f"box_{t}"] for t in ("05", "10", "15", "20")] == [2 / 8, 4 / 8, 5 / 8, 7 / 8]
    assert found["image_05"] == 7 / 8
    assert found["box_05_low"] <= found["box_05"] <= found["box_05_high"]


def test_thresholds_are_hundredths() -> None:
    assert PckSettings(thresholds=(0.07, 0.15, 0.29, 0.57)).thresholds == (0.07, 0.15, 0.29, 0.57)
    with pytest.raises(ValidationError):
        PckSettings(thresholds=(0.025,))


def test_the_curve_is_drawn_of_many_points_and_of_none(tmp_path: Path) -> None:
    many = np.random.default_rng(0).uniform(0, 0.3, (6, 17))
    draw_curve({"box": many, "image": many / 2}, tuple(f"p{n}" for n in range(17)), PCK, tmp_path / "many.png")
    none = np.full((2, 1), np.nan)
    draw_curve({"box": none, "image": none}, ("a",), PCK, tmp_path / "none.png")
    drawn = {name: cv2.imread(str(tmp_path / f"{name}.png")) for name in ("many", "none")}
    coloured = {name: int((np.ptp(image, axis=2) > 0).sum()) for name, image in drawn.items()}
    assert coloured["many"] > coloured["none"]  # only a curve has a colour that is not grey


def test_the_stage_reports_it_where_asked(tmp_path: Path) -> None:
    params = params_of(MOUSE | {"evaluate": MOUSE["evaluate"] | {"pck": {}}})
    layout: Layout = make_project(tmp_path, params, missing=0.3)
    run(params, layout)
    page = (layout.out("evaluate") / "report.html").read_text()
    assert "PCK@0.05 by the box" in page
    figures = {path.stem for path in (layout.out("evaluate") / "figures").iterdir()}
    assert {"pck", "failures"} <= figures
