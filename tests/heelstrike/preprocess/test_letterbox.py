import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.errors import UserError
from heelstrike.preprocess.letterbox import Letterbox, Letterboxes
from heelstrike.preprocess.settings import InputSize

sides = st.integers(16, 4000)


def test_full_hd_into_a_square_keeps_pixel_edges_and_gets_even_bars() -> None:
    box = Letterbox.fit(1920, 1080, InputSize(width=256, height=256))
    assert (box.pad_x, box.pad_y) == (0, 56)
    assert box.scale == pytest.approx(256 / 1920)
    # the image's outer edges lie half a pixel beyond its outer pixel centres, before and after
    np.testing.assert_allclose(box.forward(np.array([[-0.5, -0.5], [1919.5, 1079.5]])), [[-0.5, 55.5], [255.5, 199.5]])


def test_upright_image_is_padded_left_and_right() -> None:
    box = Letterbox.fit(100, 200, InputSize(width=300, height=200))
    assert box == Letterbox(1.0, 100, 0)
    np.testing.assert_allclose(box.forward(np.array([3.25, 4.5])), [103.25, 4.5])


def test_boxes_map_their_corner_like_a_point_and_their_size_by_the_scale() -> None:
    box = Letterbox(0.5, 10, 20)
    np.testing.assert_allclose(box.forward_boxes(np.array([3.0, 7.0, 40.0, 60.0])), [11.25, 23.25, 20.0, 30.0])


def test_missing_points_stay_missing() -> None:
    mapped = Letterbox(0.5, 10, 20).forward(np.array([[np.nan, np.nan], [1.0, 1.0]]))
    assert np.isnan(mapped[0]).all()
    assert np.isfinite(mapped[1]).all()


@given(sides, sides, st.integers(32, 1024), st.integers(32, 1024))
def test_the_image_fits_touches_two_sides_and_comes_back(width: int, height: int, w_in: int, h_in: int) -> None:
    try:
        box = Letterbox.fit(width, height, InputSize(width=w_in, height=h_in))
    except UserError as error:
        assert min(width / height * h_in, height / width * w_in) < 1, error
        return
    corners = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]])
    inside = box.forward(corners)
    assert (inside >= -1.01).all()
    assert (inside <= np.array([w_in, h_in]) + 0.01).all()
    assert min(w_in - box.scale * width, h_in - box.scale * height) == pytest.approx(0, abs=1e-3)
    points = np.random.default_rng(width).uniform(-10, 4000, (5, 2))
    np.testing.assert_allclose(box.backward(box.forward(points)), points, atol=1e-8)
    boxes = np.abs(np.random.default_rng(height).uniform(-10, 4000, (5, 4)))
    np.testing.assert_allclose(box.backward_boxes(box.forward_boxes(boxes)), boxes, atol=1e-8)


def test_an_image_too_thin_is_refused_with_its_size() -> None:
    with pytest.raises(UserError, match="4000 x 3 pixels is too thin"):
        Letterbox.fit(4000, 3, InputSize(width=256, height=256))


def test_many_images_at_once_give_the_very_values_of_each() -> None:
    rng = np.random.default_rng(0)
    each = [Letterbox.fit(w, h, InputSize(width=256, height=192)) for w, h in [(640, 480), (1080, 1920), (37, 250)]]
    together = Letterboxes(np.array([[b.scale, b.pad_x, b.pad_y] for b in each]))
    points, boxes = rng.uniform(0, 200, (3, 5, 2)), rng.uniform(0, 200, (3, 4, 4))
    points[0, 0] = np.nan
    np.testing.assert_array_equal(
        together.backward(points), [one.backward(xy) for one, xy in zip(each, points, strict=True)]
    )
    np.testing.assert_array_equal(
        together.backward_boxes(boxes), [one.backward_boxes(xywh) for one, xywh in zip(each, boxes, strict=True)]
    )
