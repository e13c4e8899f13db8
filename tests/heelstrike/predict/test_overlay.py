import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.canvas import confidence_colour
from heelstrike.heads.base import Style
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Label, Measurement
from heelstrike.predict.overlay import draw

STYLE = Style(skeleton=((0, 1),), threshold=0.5, title="")
NOWHERE = np.array([np.nan] * 4)


def drawn(points, confidence, size=(400, 600), measurement=None, style=STYLE):
    """What is drawn on black."""
    prediction = Prediction(np.array(points, np.float32), np.array(confidence, np.float32), NOWHERE)
    return draw(np.zeros((*size, 3), np.uint8), prediction, measurement, style)


def test_image_itself_is_not_touched():
    image = np.zeros((100, 100, 3), np.uint8)
    draw(image, Prediction(np.array([[50.0, 50.0]]), np.ones(1), NOWHERE), None, Style((), 0.5, "title"))
    assert not image.any()


@given(st.floats(100, 300), st.floats(100, 300))
@settings(max_examples=30, deadline=None)
def test_ring_is_centred_on_the_point_to_a_fraction_of_a_pixel(x, y):
    weight = drawn([[x, y]], [1.0], style=Style((), 0.5, "")).sum(axis=2).astype(float)
    rows, columns = np.indices(weight.shape)
    centre = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
    assert centre == pytest.approx((x, y), abs=0.15)


def test_colour_goes_from_red_over_amber_to_green():
    red, amber, green = (confidence_colour(c) for c in (0.0, 0.5, 1.0))
    assert red[0] > 2 * red[1]
    assert amber[0] > 200 and amber[1] > 150
    assert green[1] > 2 * green[0]
    assert confidence_colour(-1) == red and confidence_colour(2) == green


def test_lines_join_only_points_that_are_sure():
    middle = (slice(195, 206), slice(290, 310))
    assert drawn([[200, 200], [400, 200]], [0.9, 0.9])[middle].max() > 200
    assert not drawn([[200, 200], [400, 200]], [0.9, 0.4])[middle].any()


def test_points_that_are_nowhere_or_far_outside_are_no_trouble():
    plain = Style((), 0.5, "")
    assert not drawn([[np.nan, np.nan], [1e9, -1e9]], [0.9, 0.9], style=plain).any()
    tiny = drawn([[3, 4], [5, 6]], [0.9, 0.9], size=(8, 9), style=Style(((0, 1),), 0.5, "a title too long for it"))
    assert tiny.shape[:2] in ((8, 9), (9, 8))


def test_reason_is_written_where_a_frame_is_not_measured():
    silent = drawn([[300, 300]], [0.9], style=Style((), 0.5, ""))
    said = Measurement("m", "deg", reason="one_leg", message="the left leg is missing")
    told = drawn([[300, 300]], [0.9], measurement=said, style=Style((), 0.5, ""))
    written = told[:60][told[:60, :, 0] > 200]
    assert len(written) > 100  # amber text at the top
    assert (written[:, 2] < 100).all()
    assert not silent[:60].any()


def test_a_circle_of_the_radius_is_drawn_around_points_that_are_sure_and_have_a_limit():
    points = np.array([[150.0, 200.0], [300.0, 200.0], [450.0, 200.0]])
    found = Prediction(points, np.array([0.9, 0.9, 0.4]), NOWHERE, radius=np.array([40.0, np.inf, 40.0]))
    image = draw(np.zeros((400, 600, 3), np.uint8), found, None, Style((), 0.5, ""))
    assert image[200, 108:113].max() > 150 and image[158:163, 150].max() > 150
    assert not image[200, 115:140].any()  # open inside, as far as the ring
    assert not image[100:185].any(axis=2)[:, 210:].any()  # no limit, or not sure: no circle


def test_doubts_and_half_widths_are_written():
    plain = Measurement("m", "deg", values={"left": 5.7})
    wide = Measurement("m", "deg", values={"left": 5.7}, half_widths={"left": 1.2})
    style, found = Style((), 0.5, ""), Prediction(np.array([[300.0, 300.0]]), np.ones(1), NOWHERE)
    image = np.zeros((400, 600, 3), np.uint8)
    without, with_width = draw(image, found, plain, style), draw(image, found, wide, style)
    assert with_width.any(axis=(0, 2)).sum() > without.any(axis=(0, 2)).sum()  # "± 1.2" is longer
    told = draw(image, found, wide, style, doubts=["radius of left_heel 12 px; at most 8 px is allowed"])[:80]
    amber = (told[..., 0] > 200) & (told[..., 2] < 100)
    assert amber.sum() > 100


def test_a_label_stands_on_its_side_of_the_point():
    found = Prediction(np.array([[200.0, 200.0]]), np.ones(1), NOWHERE)
    image = np.zeros((400, 600, 3), np.uint8)
    left, right = (
        draw(image, found, None, Style((), 0.5, ""), labels=[Label("5.7° eversion", (200.0, 200.0), side)])
        for side in ("left", "right")
    )
    assert left[190:210, 60:185].max() > 200
    assert not left[190:210, 240:].any()
    assert right[190:210, 240:360].max() > 200
    assert not right[190:210, :180].any()
