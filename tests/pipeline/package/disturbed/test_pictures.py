"""Disturbed pictures carry their truth along: a white dot stays under its point, whatever is done to the picture."""

import cv2
import numpy as np
import pytest

from pipeline.package.disturbed.foreign import Places, gradient, noise
from pipeline.package.disturbed.pictures import Picture, changes, cut, plain, shrunk

POINT = np.array([[140.0, 90.0], [60.0, 120.0]])
KINDS = changes(plain)


def picture() -> Picture:
    image = np.full((200, 240, 3), 40, np.uint8)
    for x, y in POINT:
        cv2.circle(image, (int(x), int(y)), 12, (250, 250, 250), -1)
    return Picture(image, POINT)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "ground" not in kind and "place" not in kind])
def test_points_stay_on_what_they_point_at(kind: str) -> None:
    result = KINDS[kind](picture(), np.random.default_rng(0))
    brightness = result.image[..., 1].astype(float)
    for (x, y), there in zip(result.points, result.visible, strict=True):
        if there:
            assert brightness[round(y), round(x)] > brightness.mean() + 10
            around = brightness[max(round(y) - 20, 0) : round(y) + 21, max(round(x) - 20, 0) : round(x) + 21]
            rows, columns = np.nonzero(around > (around.min() + around.max()) / 2)
            centre = columns.mean() + max(round(x) - 20, 0), rows.mean() + max(round(y) - 20, 0)
            if min(x, y) > 32:
                np.testing.assert_allclose(centre, (x, y), atol=1.5)


@pytest.mark.parametrize("size", [0.5, 0.1])
def test_a_shrunk_picture_lies_within_the_original_size_and_says_its_scale(size: float) -> None:
    result = shrunk(size, plain, picture(), np.random.default_rng(3))
    assert result.image.shape == (200, 240, 3)
    assert result.scale == size
    assert result.visible.all()
    np.testing.assert_allclose(np.ptp(result.points, axis=0), np.ptp(POINT, axis=0) * size, atol=0.2)
    x, y = result.points[0].round().astype(int)
    assert result.image[y, x].min() > 200 or size < 0.2


def test_what_is_cut_off_keeps_its_true_place_outside_of_the_picture() -> None:
    result = cut("left", picture(), np.random.default_rng(0))
    assert result.image.shape == (200, 160, 3)
    assert result.visible.tolist() == [True, False]
    assert result.points[1].tolist() == [-20, 120]


def test_an_unlabelled_point_is_not_visible() -> None:
    assert Picture(np.zeros((9, 9, 3), np.uint8), np.array([[np.nan, np.nan], [8, 8]])).visible.tolist() == [
        False,
        True,
    ]


def test_foreign_pictures_have_the_size_that_is_asked_for() -> None:
    for make in (noise, gradient):
        image = make((48, 64), np.random.default_rng(0))
        assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
        assert np.ptp(image) > 50


def test_places_have_any_shape() -> None:
    assert Places(63, 65)((65, 63), np.random.default_rng(0)).shape == (65, 63, 3)
