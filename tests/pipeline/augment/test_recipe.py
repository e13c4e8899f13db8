"""Image and keypoints move together to a tenth of a pixel, in every augmentation alone and in all together."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.preprocess.settings import PAD_VALUE, InputSize
from pipeline.augment.recipe import Recipe
from pipeline.augment.settings import AugmentSettings
from pipeline.problem import Problem

OFF = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0)
NAMES = ("left", "right", "middle")
WIDTH, HEIGHT = 160, 128


def recipe(channels: int = 3, **switched_on: Any) -> Recipe:
    size = InputSize(width=WIDTH, height=HEIGHT, channels=channels)
    problem = Problem(keypoints=NAMES, flip_pairs=(("left", "right"),), input=size)
    return Recipe(AugmentSettings(**(OFF | switched_on)), problem)


def spots(points: np.ndarray, channels: int = 3) -> np.ndarray:
    """Draw a Gaussian spot at each point, each in its own colour, on the gray of the padding."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.full((HEIGHT, WIDTH, 3), float(PAD_VALUE))
    colours = np.array([[110, -60, 40], [-60, 110, 40], [70, 60, -110]])
    for (x, y), colour in zip(points, colours, strict=True):
        image += colour * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.5**2))[..., None]
    return image.round().astype(np.uint8)[..., :channels]


def centroid(image: np.ndarray, near: np.ndarray, radius: float = 11) -> np.ndarray:
    """Return the centroid of the pixels within `radius` of a point, weighted by their difference to the background."""
    differs = np.abs(image.astype(float) - np.median(image, axis=(0, 1))).sum(axis=2)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    differs[differs < 15] = 0  # at the faint rim, rounding to whole gray levels distorts the colours
    differs[np.hypot(columns - near[0], rows - near[1]) > radius] = 0
    return np.array([(differs * columns).sum(), (differs * rows).sum()]) / differs.sum()


def sample(points: np.ndarray, channels: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    low, high = points.min(axis=0) - 15, points.max(axis=0) + 15
    box = np.concatenate([low, high - low]).astype(np.float32)
    return spots(points, channels), points.astype(np.float32), np.full(3, 2, np.uint8), box


POINTS = np.array([[40.3, 40.8], [115.6, 60.2], [75.9, 90.4]])

MOVES: list[dict[str, Any]] = [
    {"flip": 1},
    {"zoom": 1, "zoom_range": (1.4, 1.6)},
    {"zoom": 1, "zoom_range": (0.6, 0.9)},
    {"tilt": 1, "tilt_degrees": 25},
    {"tilt": 1, "tilt_degrees": 180},
    {"shift": 1, "shift_fraction": 0.15},
    {"flip": 0.5, "zoom": 0.5, "tilt": 0.5, "shift": 0.5},
]
LOOKS: list[dict[str, Any]] = [{"colour": 1}, {"saturation": 1}, {"negative": 1}, {"blur": 1, "blur_px": 5}]
EVERYTHING = {"flip": 0.5, "zoom": 1, "tilt": 1, "shift": 1, "colour": 1, "saturation": 1, "negative": 0.5, "blur": 1}


@pytest.mark.parametrize("switched_on", [*MOVES, *LOOKS, EVERYTHING], ids=lambda s: "-".join(s))
def test_image_and_keypoints_move_together(switched_on: dict[str, Any]) -> None:
    augment, given_sample = recipe(**switched_on), sample(POINTS)
    compared = 0
    for seed in range(20):
        image, keypoints, visibility, _ = augment(*given_sample, seed)
        for point in keypoints[visibility > 0]:
            if (point > 12).all() and (point < (WIDTH - 13, HEIGHT - 13)).all():
                np.testing.assert_allclose(centroid(image, point), point, atol=0.1)
                compared += 1
    assert compared > 20


def test_noise_moves_nothing() -> None:
    augment, given_sample = recipe(noise=1), sample(POINTS)
    centroids = []
    for seed in range(60):
        image, keypoints, _, _ = augment(*given_sample, seed)
        np.testing.assert_array_equal(keypoints, given_sample[1])
        # differences keep their sign here: the noise must cancel, not add up
        signal = (image.astype(float) - given_sample[0]).mean()
        assert abs(signal) < 0.5
        centroids.append(centroid(image, POINTS[0], radius=6))
    np.testing.assert_allclose(np.mean(centroids, axis=0), centroid(given_sample[0], POINTS[0], radius=6), atol=0.1)


@pytest.mark.parametrize("switched_on", [*MOVES, *LOOKS, {"noise": 1}], ids=lambda s: "-".join(s))
def test_each_augmentation_changes_the_image(switched_on: dict[str, Any]) -> None:
    given_sample = sample(POINTS)
    images = [recipe(**switched_on)(*given_sample, seed)[0] for seed in range(5)]
    assert any((image != given_sample[0]).any() for image in images)
    assert all(image.shape == given_sample[0].shape and image.dtype == np.uint8 for image in images)


@pytest.mark.parametrize("switched_on", [*MOVES, *LOOKS, {"noise": 1}, EVERYTHING], ids=lambda s: "-".join(s))
def test_gray_images_have_the_same(switched_on: dict[str, Any]) -> None:
    augment, given_sample = recipe(channels=1, **switched_on), sample(POINTS, channels=1)
    image, keypoints, visibility, _ = augment(*given_sample, 3)
    assert image.shape == (HEIGHT, WIDTH, 1)
    if "noise" not in switched_on:
        for point in keypoints[(visibility > 0) & (keypoints > 12).all(axis=1)]:
            if (point < (WIDTH - 13, HEIGHT - 13)).all():
                np.testing.assert_allclose(centroid(image, point), point, atol=0.1)


def test_flip_swaps_left_and_right_and_mirrors_the_box() -> None:
    image, keypoints, visibility, box = sample(POINTS)
    visibility[0] = 1
    flipped, moved, moved_visibility, moved_box = recipe(flip=1)(image, keypoints, visibility, box, 0)
    np.testing.assert_array_equal(flipped, image[:, ::-1])
    mirrored = np.array([WIDTH - 1, 0]) + keypoints * [-1, 1]
    np.testing.assert_allclose(moved, mirrored[[1, 0, 2]], atol=1e-4)
    np.testing.assert_array_equal(moved_visibility, [2, 1, 2])
    np.testing.assert_allclose(moved_box, [WIDTH - 1 - box[0] - box[2], *box[1:]], atol=1e-4)


def test_a_zoomed_box_keeps_its_margins_zoomed_and_stays_in_the_image() -> None:
    factor = 1.2
    _, keypoints, _, box = recipe(zoom=1, zoom_range=(factor, factor))(*sample(POINTS), 0)
    margin = 15 * factor
    expected = np.concatenate([keypoints.min(axis=0) - margin, keypoints.max(axis=0) + margin])
    limit = [WIDTH - 0.5, HEIGHT - 0.5] * 2
    np.testing.assert_allclose([*box[:2], *(box[:2] + box[2:])], np.clip(expected, -0.5, limit), atol=1e-3)


def test_a_keypoint_that_leaves_the_image_is_no_longer_labelled() -> None:
    points = np.array([[3.0, 64.0], [155.0, 64.0], [80.0, 60.0]])
    _, keypoints, visibility, box = recipe(zoom=1, zoom_range=(1.5, 1.5))(*sample(points), 0)
    np.testing.assert_array_equal(visibility, [0, 0, 2])
    assert np.isnan(keypoints[:2]).all()
    assert np.isfinite(keypoints[2]).all()
    assert (box[:2] < keypoints[2]).all()
    assert (box[:2] + box[2:] > keypoints[2]).all()


def test_a_zoom_that_would_lose_every_keypoint_is_left_out() -> None:
    points = np.array([[2.0, 2.0], [8.0, 3.0], [4.0, 7.0]])
    given_sample = sample(points)
    image, keypoints, visibility, _ = recipe(zoom=1, zoom_range=(3, 3))(*given_sample, 0)
    np.testing.assert_array_equal(image, given_sample[0])
    np.testing.assert_array_equal(keypoints, given_sample[1])
    np.testing.assert_array_equal(visibility, [2, 2, 2])


def test_a_sample_without_keypoints_is_mirrored_with_its_box() -> None:
    image, keypoints, visibility, box = sample(POINTS)
    nothing = np.full_like(keypoints, np.nan), np.zeros_like(visibility)
    flipped, moved, moved_visibility, moved_box = recipe(flip=1)(image, *nothing, box, 0)
    np.testing.assert_array_equal(flipped, image[:, ::-1])
    assert np.isnan(moved).all()
    assert not moved_visibility.any()
    np.testing.assert_allclose(moved_box, [WIDTH - 1 - box[0] - box[2], *box[1:]], atol=1e-4)


def test_a_missing_keypoint_stays_missing() -> None:
    image, keypoints, visibility, box = sample(POINTS)
    keypoints[1], visibility[1] = np.nan, 0
    for seed in range(10):
        _, moved, moved_visibility, _ = recipe(**EVERYTHING)(image, keypoints, visibility, box, seed)
        np.testing.assert_array_equal(np.isnan(moved).any(axis=1), moved_visibility == 0)
        assert (moved_visibility == 0).sum() >= 1


def test_everything_off_changes_nothing() -> None:
    given_sample = sample(POINTS)
    for was, now in zip(given_sample, recipe()(*given_sample, 1), strict=True):
        np.testing.assert_array_equal(was, now)


def test_saturation_leaves_gray_gray() -> None:
    image = np.repeat(sample(POINTS)[0][..., :1], 3, axis=2)
    changed, *_ = recipe(saturation=1)(image, *sample(POINTS)[1:], 4)
    np.testing.assert_array_equal(changed, image)


def test_the_seed_alone_decides_and_inputs_stay_as_they_are() -> None:
    given_sample = sample(POINTS)
    before = [part.copy() for part in given_sample]
    settings_ = EVERYTHING | {"noise": 1}
    first, second = recipe(**settings_), recipe(**settings_)
    for _ in range(3):
        first(*given_sample, 99)  # what came before must not matter
    for one, two in zip(first(*given_sample, 7), second(*given_sample, 7), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first(*given_sample, 8)[0] != first(*given_sample, 7)[0]).any()
    for was, now in zip(before, given_sample, strict=True):
        np.testing.assert_array_equal(was, now)


def test_one_probability_does_not_change_where_another_moves() -> None:
    given_sample = sample(POINTS)
    alone = recipe(tilt=1)(*given_sample, 5)
    with_looks = recipe(tilt=1, colour=1, noise=1)(*given_sample, 5)
    np.testing.assert_array_equal(alone[1], with_looks[1])


@settings(deadline=None, max_examples=60)
@given(
    points=st.lists(st.tuples(st.floats(-0.5, WIDTH - 0.51), st.floats(-0.5, HEIGHT - 0.51)), min_size=3, max_size=3),
    missing=st.lists(st.booleans(), min_size=3, max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_labels_are_always_in_the_image_and_in_their_box(
    points: list[tuple[float, float]], missing: list[bool], seed: int
) -> None:
    augment = recipe(flip=0.5, zoom=0.8, zoom_range=(0.5, 2), tilt=0.8, tilt_degrees=60, shift=0.8, shift_fraction=0.3)
    keypoints, visibility = np.array(points, np.float32), np.where(missing, 0, 2).astype(np.uint8)
    low = np.clip(keypoints.min(axis=0) - 10, -0.5, None)
    high = np.clip(keypoints.max(axis=0) + 10, None, [WIDTH - 0.5, HEIGHT - 0.5])
    keypoints[visibility == 0] = np.nan
    box = np.concatenate([low, high - low]).astype(np.float32)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    _, moved, moved_visibility, moved_box = augment(image, keypoints, visibility, box, seed)
    assert (moved.dtype, moved_visibility.dtype, moved_box.dtype) == (np.float32, np.uint8, np.float32)
    np.testing.assert_array_equal(np.isnan(moved).any(axis=1), moved_visibility == 0)
    assert moved_visibility.any() == visibility.any()
    labelled = moved[moved_visibility > 0]
    start, end = moved_box[:2], moved_box[:2] + moved_box[2:]
    assert (labelled >= start - 1e-3).all()
    assert (labelled <= end + 1e-3).all()
    assert (start >= -0.5).all()
    assert (end <= [WIDTH - 0.49, HEIGHT - 0.49]).all()
