"""A hidden keypoint must be gone from picture and labels alike, and nothing else may change."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.augment.hide import cover, draw_hidden
from pipeline.augment.recipe import build_recipe
from pipeline.augment.settings import AugmentSettings
from pipeline.problem import InputSize, Problem

OFF = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0)
SIZE, RADIUS = 96, 6
POINTS = np.array([[30.4, 30.0], [30.0, 62.7], [70.2, 48.0]], dtype=np.float32)


def discs(points: np.ndarray) -> np.ndarray:
    """White discs of 4 px radius on a gray slope."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    image = 60.0 + 0.4 * columns
    for x, y in points:
        image = np.where(np.hypot(columns - x, rows - y) < 4, 250, image)
    return np.repeat(image.astype(np.uint8)[..., None], 3, axis=2)


def distance_to(points: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.min([np.hypot(columns - x, rows - y) for x, y in points], axis=0)


def test_a_covered_disc_is_gone_and_the_rest_stays():
    image = discs(POINTS)
    changed, covered = cover(image, POINTS, np.array([True, False, True]), RADIUS, np.random.default_rng(1))
    np.testing.assert_array_equal(covered, [True, False, True])
    near = distance_to(POINTS[covered]) < RADIUS
    assert changed[near].max() < 110
    np.testing.assert_allclose(changed[near].astype(float), discs(POINTS[1:2])[near], atol=7)
    far = distance_to(POINTS[covered]) > 1.25 * RADIUS + 1
    np.testing.assert_array_equal(changed[far], image[far])


def test_what_is_copied_is_what_looks_like_the_rim():
    """A leg 20 px wide before a white wall: skin is covered with skin."""
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    image[:, 38:58] = 90
    image[44:53, 44:53] = 0
    changed, _ = cover(image, np.array([[48.0, 48.0]]), np.array([True]), RADIUS, np.random.default_rng(3))
    assert np.abs(changed[43:54, 43:54].astype(int) - 90).max() <= 12


def test_a_keypoint_without_room_beside_it_stays():
    crowd = np.array([[10.0, 10.0], [20.0, 10.0], [10.0, 20.0], [20.0, 20.0]], dtype=np.float32)
    image = discs(crowd)[:31, :31]
    changed, covered = cover(image, crowd, np.array([True, False, False, False]), RADIUS, np.random.default_rng(1))
    assert not covered.any()
    np.testing.assert_array_equal(changed, image)


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_only_visible_points_are_hidden_and_one_label_stays(visibility: list[int], seed: int):
    seen = np.array(visibility, np.uint8)
    hidden = draw_hidden(seen, 1.0, np.random.default_rng(seed))
    assert not hidden[seen != 2].any()
    assert (seen > 0).sum() == 0 or hidden.sum() < (seen > 0).sum()


def test_labels_follow_the_picture():
    problem = Problem(keypoints=("a", "b", "c"), input=InputSize(width=SIZE, height=SIZE))
    box = np.concatenate([POINTS.min(axis=0) - 10, np.ptp(POINTS, axis=0) + 20])
    seen = np.full(3, 2, np.uint8)
    recipe = build_recipe(AugmentSettings(**OFF, hide=0.5, hide_px=RADIUS), problem)
    for seed in range(20):
        image, points, visibility, moved_box = recipe(discs(POINTS), POINTS, seen, box, seed)
        np.testing.assert_array_equal(np.isnan(points).any(axis=1), visibility == 0)
        for point, shown in zip(POINTS, visibility > 0, strict=True):
            x, y = point.round().astype(int)
            assert (image[y, x, 0] > 240) == shown
        # the box is drawn around what is left, with the margin of 10 px
        low, high = np.nanmin(points, axis=0) - 10, np.nanmax(points, axis=0) + 10
        np.testing.assert_allclose(moved_box, np.concatenate([low, high - low]), atol=1e-3)
