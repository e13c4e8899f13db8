"""Markers are painted out where they were drawn to be, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.preprocess.settings import InputSize
from pipeline.augment.recipe import Recipe
from pipeline.augment.removal import draw_removed, remove
from pipeline.augment.settings import AugmentSettings
from pipeline.problem import Problem

_SKIN, _MARKER, _RADIUS = 150, 20, 4
_CLOSE = 4  # gray levels; the filling is not exact
_POINTS = np.array(
    [[30.0, 20.0], [30.0, 60.0], [34.0, 100.0], [90.3, 21.6], [91.0, 60.0], [np.nan, np.nan]], np.float32
)
_VISIBLE = np.array([2, 2, 2, 2, 1, 0], np.uint8)


def _image(channels: int = 3) -> np.ndarray:
    """Skin with a dark disc on each labelled point."""
    y, x = np.mgrid[:128, :128]
    image = np.full((128, 128, channels), _SKIN, np.uint8)
    for px, py in _POINTS[:5]:
        image[(x - px) ** 2 + (y - py) ** 2 <= _RADIUS**2] = _MARKER
    return image


@pytest.mark.parametrize("channels", [1, 3])
def test_a_removed_marker_looks_like_the_skin_around_it_and_the_others_stay(channels: int) -> None:
    image = _image(channels)
    removed = np.array([True, False, False, True, False, False])
    changed = remove(image, _POINTS, removed, 0.06)
    y, x = np.mgrid[:128, :128]
    away = np.min([np.hypot(x - px, y - py) for px, py in _POINTS[removed]], axis=0)
    assert np.abs(changed[away <= _RADIUS].astype(int) - _SKIN).max() <= _CLOSE
    extent = np.linalg.norm(_POINTS[:5, None] - _POINTS[:5], axis=-1).max()
    assert np.array_equal(changed[away > 0.06 * extent], image[away > 0.06 * extent])


def test_nothing_is_painted_out_where_the_markers_size_is_unknown() -> None:
    image, alone = _image(), np.where(np.arange(6)[:, None] == 0, _POINTS, np.nan)
    assert remove(image, alone, np.array([True] + [False] * 5), 0.06) is image


@given(seed=st.integers(0, 2**32 - 1), point=st.tuples(st.floats(-0.5, 127.4), st.floats(-0.5, 127.4)))
def test_a_point_at_the_edge_is_no_trouble(seed: int, point: tuple[float, float]) -> None:
    points = _POINTS.copy()
    points[0] = point
    image = np.random.default_rng(seed).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    changed = remove(image, points, np.array([True] + [False] * 5), 0.06)
    assert changed.shape == image.shape
    assert (changed != image).any()


def test_the_drawn_share_of_images_loses_visible_markers_only() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([draw_removed(0.4, _VISIBLE, rng) for _ in range(4000)])
    assert not drawn[:, 4:].any()
    # a share is uniform in [0, 1], so each visible marker is lost with probability 0.4 / 2
    assert drawn[:, :4].mean() == pytest.approx(0.2, abs=0.02)
    # of the images that lose markers, a fifth keeps all four (the mean of (1 - share)^4)
    assert drawn.any(axis=1).mean() == pytest.approx(0.4 * 0.8, abs=0.03)


def test_a_sample_says_that_a_removed_marker_is_not_there_and_nothing_else_changes() -> None:
    problem = Problem(category="legs", keypoints=tuple("abcdef"), input=InputSize(width=128, height=128, channels=3))
    off = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "blur", "noise"), 0.0)
    with_removal = Recipe(AugmentSettings(**off, remove=1.0), problem)
    box = np.array([0, 0, 127, 127], np.float32)
    lost = 0
    for seed in range(20):
        image, points, visibility, after = with_removal(_image(), _POINTS, _VISIBLE, box, seed)
        gone = (visibility == 0) & (_VISIBLE > 0)
        lost += int(gone.sum())
        assert np.isnan(points[gone]).all()
        assert np.array_equal(points[~gone], _POINTS[~gone], equal_nan=True)
        assert np.array_equal(visibility[~gone], _VISIBLE[~gone])
        assert all(abs(int(image[round(float(y)), round(float(x)), 0]) - _SKIN) <= _CLOSE for x, y in _POINTS[gone])
        assert np.array_equal(after, box)
    assert lost > 10


def test_a_setting_of_zero_changes_no_other_choice() -> None:
    problem = Problem(category="legs", keypoints=tuple("abcdef"), input=InputSize(width=128, height=128, channels=3))
    box = np.array([0, 0, 127, 127], np.float32)
    plain, removing = (Recipe(AugmentSettings(colour=0, saturation=0, blur=0, remove=p), problem) for p in (0.0, 1.0))
    for seed in range(5):
        _, before, seen, _ = plain(_image(), _POINTS, _VISIBLE, box, seed)
        _, after, left, _ = removing(_image(), _POINTS, _VISIBLE, box, seed)
        assert np.array_equal(before[left > 0], after[left > 0])
        assert (left <= seen).all()
