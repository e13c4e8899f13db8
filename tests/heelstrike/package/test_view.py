"""Views: what part of an image they are, and which views cover it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.package.view import View, size_of, tiles
from heelstrike.preprocess.settings import PAD_VALUE

SQUARE = np.array([[10.0, 20.0], [50.0, 20.0], [10.0, 100.0], [50.0, 100.0]])


def test_the_view_of_keypoints_has_them_in_its_centre_and_they_fill_the_share() -> None:
    view = View.of_keypoints(SQUARE, 0.4)
    assert view.side == 200  # 80 px high
    assert view.centre == pytest.approx([30, 60], abs=0.5)


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 400))
def test_a_view_around_a_point_is_even_and_has_the_point_in_its_centre(x: float, y: float, side: float) -> None:
    view = View.around(np.array([x, y]), side)
    assert not any(number % 2 for number in (view.x, view.y, view.side))
    assert view.side == pytest.approx(max(side, 16), abs=1)
    assert view.centre == pytest.approx([x, y], abs=1)


def test_the_size_is_the_height_unless_they_are_much_wider() -> None:
    assert size_of(SQUARE) == 80
    assert size_of(SQUARE[:, ::-1]) == pytest.approx(96)


@given(st.integers(-40, 60), st.integers(-40, 60), st.integers(16, 90))
def test_a_cut_holds_the_images_pixels_and_is_gray_beyond_the_image(x: int, y: int, side: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 36, 3), np.uint8)
    around = np.full((300, 300, 3), PAD_VALUE, np.uint8)
    around[100:148, 100:136] = image
    expected = around[100 + y : 100 + y + side, 100 + x : 100 + x + side]
    np.testing.assert_array_equal(View(x, y, side).cut(image), expected)


@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([1.0, 0.5, 0.25]))
def test_tiles_cover_the_image_and_overlap_by_half(width: int, height: int, share: float) -> None:
    covered = np.zeros((height, width), int)
    for tile in tiles(width, height, share):
        covered[max(tile.y, 0) : tile.y + tile.side, max(tile.x, 0) : tile.x + tile.side] += 1
    assert covered.min() >= 1


@pytest.mark.parametrize(
    ("other", "alike"), [(View(2, 2, 100), True), (View(0, 0, 140), False), (View(40, 0, 100), False)]
)
def test_views_are_alike_at_about_the_same_place_and_size(other: View, alike: bool) -> None:
    assert View(0, 0, 100).is_like(other) is alike
    assert other.is_like(View(0, 0, 100)) is alike
