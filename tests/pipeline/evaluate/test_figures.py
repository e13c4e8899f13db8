"""Figures: written, of a sensible size, the same bytes again, and whole where data is thin."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from heelstrike.measure.build import build_measure
from pipeline.params import ProblemParams
from pipeline.scoring import figures
from pipeline.scoring.sheet import overlay_sheet, pick

RNG = np.random.default_rng(3)
DISTANCE = RNG.gamma(2, 1, (50, 4))
NOTHING = np.full((3, 4), np.nan)
SLICES = pd.DataFrame(
    {
        "slice": ["all", "tone", "tone"],
        "value": ["all", "I", "VI"],
        "images": [50, 25, 25],
        "rmse_px": [1.0, 0.8, np.nan],
        "rmse_px_low": [0.9, 0.7, np.nan],
        "rmse_px_high": [1.2, 1.0, np.nan],
        "rmse_px_drawn": ["clusters", "images", "images"],
    }
)
HISTORY = pd.DataFrame({"step": [0, 1, 1], "loss": [2.0, 1.0, 0.5], "val_rmse_px": [5.0, np.nan, 2.0], "lr": 1e-3})


def drawings() -> dict[str, Callable[[Path], None]]:
    names = ("a", "b", "c", "d")
    sure = np.random.default_rng(1).random((50, 4))
    some = np.random.default_rng(2).random((50, 4)) < 0.2
    return {
        "training": lambda path: figures.training_curves(HISTORY, "val_rmse_px", path),
        "training of no step": lambda path: figures.training_curves(
            HISTORY[["val_rmse_px"]] * np.nan, "val_rmse_px", path
        ),
        "cdf": lambda path: figures.error_cdf(DISTANCE, DISTANCE[:, 0], (10, 25), path),
        "cdf of nothing": lambda path: figures.error_cdf(NOTHING, NOTHING[:, 0], (10, 25), path),
        "keypoints": lambda path: figures.keypoint_errors(np.where([1, 1, 1, np.nan], DISTANCE, np.nan), names, path),
        "keypoints of nothing": lambda path: figures.keypoint_errors(NOTHING, names, path),
        "boxes": lambda path: figures.box_errors(DISTANCE[:, 0] / 9, DISTANCE, path),
        "boxes of nothing": lambda path: figures.box_errors(NOTHING[:, 0], NOTHING, path),
        "slices": lambda path: figures.slice_errors(SLICES, {"rmse_px": "RMSE"}, path),
        "confidence": lambda path: figures.confidence(sure, DISTANCE, ~some, some, 0.5, path),
        "confidence, nothing missing": lambda path: figures.confidence(
            sure, DISTANCE, some | True, ~some & some, 0.5, path
        ),
    }


@pytest.mark.parametrize("name", drawings())
@pytest.mark.filterwarnings("error")
def test_drawn_twice_alike(name: str, tmp_path: Path) -> None:
    for path in (tmp_path / "a.png", tmp_path / "b.png"):
        drawings()[name](path)
    first = (tmp_path / "a.png").read_bytes()
    assert first == (tmp_path / "b.png").read_bytes()
    assert b"matplotlib" not in first.lower()
    height, width = cv2.imread(str(tmp_path / "a.png")).shape[:2]
    assert 100 < height < 2000 and 500 < width < 2000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("spread", [2.0, 0.0, np.nan])
def test_agreement(spread: float, rearfoot: ProblemParams, tmp_path: Path) -> None:
    measure = build_measure(rearfoot.measure, rearfoot.problem.keypoints, 0.5)
    true = RNG.normal(0, 5, (30, 2))
    figures.bland_altman(true, RNG.normal(0, 1, (30, 2)) * spread, measure, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_picked_images_are_best_median_and_worst() -> None:
    errors = np.array([5.0, np.nan, 1.0, 9.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0])
    picked = {kind: errors[which].tolist() for kind, which in pick(errors, 2).items()}
    assert picked == {"best": [1.0, 2.0], "median": [4.0, 5.0], "worst": [9.0, 8.0]}


def test_few_images_are_picked_once_each() -> None:
    assert {k: v.tolist() for k, v in pick(np.array([3.0, 1.0, 2.0, 4.0]), 4).items()} == {
        "best": [1],
        "median": [2],
        "worst": [3],
    }
    assert {k: v.tolist() for k, v in pick(np.array([3.0, 1.0]), 4).items()} == {"best": [1, 0]}
    assert pick(np.array([np.nan]), 4)["best"].tolist() == []


def test_the_sheet_shows_points_where_they_are(tmp_path: Path) -> None:
    """A white image with one labelled point: the ring is in the middle of a tile of more than 320 pixels."""
    cv2.imwrite(str(tmp_path / "white.png"), np.full((200, 300, 3), 255, np.uint8))
    truth, predicted = np.array([[[150.0, 100.0]]]), np.array([[[np.nan, np.nan]]])
    rows = {"best": np.array([0])}
    overlay_sheet(rows, [tmp_path / "white.png"], ["white"], truth, predicted, [], tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png")).astype(int)
    tile = sheet[60:-60, 20:-20]
    assert min(tile.shape[:2]) > 250 and sheet.shape[1] >= 345
    orange = (np.abs(tile - [0, 159, 230]).sum(axis=2) < 60).nonzero()
    # in the middle of the window, which is around the point
    assert np.mean(orange[1]) + 20 == pytest.approx(sheet.shape[1] / 2, abs=4)


def test_an_image_outside_of_which_points_lie(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.full((40, 60, 3), 99, np.uint8))
    truth, predicted = np.array([[[5.0, 5.0], [np.nan, np.nan]]]), np.array([[[-500.0, 900.0], [7.0, 30.0]]])
    rows = {"best": np.array([0])}
    overlay_sheet(rows, [tmp_path / "small.png"], ["a"], truth, predicted, [(0, 1)], tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 3000
