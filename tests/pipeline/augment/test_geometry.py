import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import PAD_VALUE
from pipeline.augment.geometry import draw_move, make_move
from pipeline.augment.settings import AugmentSettings
from pipeline.params import parse_params


def test_the_centre_stays_where_it_is() -> None:
    move = make_move(101, 51, flip=True, zoom=1.7, degrees=33, shift=(0.0, 0.0))
    np.testing.assert_allclose(move.points(np.array([50.0, 25.0])), [50, 25])
    assert move.zoom == pytest.approx(1.7)


def test_a_quarter_turn_takes_right_to_below() -> None:
    move = make_move(101, 101, flip=False, zoom=1, degrees=90, shift=(0.0, 0.0))
    np.testing.assert_allclose(move.points(np.array([60.0, 50.0])), [50, 60], atol=1e-9)


def test_the_mirror_comes_first_and_the_shift_last() -> None:
    move = make_move(101, 101, flip=True, zoom=2, degrees=90, shift=(3.0, -4.0))
    np.testing.assert_allclose(move.points(np.array([60.0, 50.0])), [53, 26], atol=1e-9)


def test_what_comes_from_outside_is_the_gray_of_the_letterbox() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    moved = make_move(40, 40, flip=False, zoom=0.5, degrees=0, shift=(0.0, 0.0)).image(image)
    assert (moved[:8] == PAD_VALUE).all()
    assert (moved[12:28, 12:28] == 0).all()


def test_probabilities_and_ranges_are_met() -> None:
    settings = AugmentSettings(flip=0.3, zoom=0.6, zoom_range=(0.9, 1.1), tilt=0, shift=0)
    moves = [draw_move(settings, 64, 64, np.random.default_rng(seed)) for seed in range(2000)]
    assert np.mean([move.flip for move in moves]) == pytest.approx(0.3, abs=0.04)
    zooms = np.array([move.zoom for move in moves])
    assert np.mean(zooms != 1) == pytest.approx(0.6, abs=0.04)
    assert 0.9 <= zooms.min() < 0.91
    assert 1.09 < zooms.max() <= 1.1


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ({"zoom_range": [1.3, 0.8]}, "zoom_range 1.3 to 0.8 is the wrong way round"),
        ({"zoom_range": [0, 2]}, r"p\.augment\.zoom_range\.0: Input should be greater than 0, found 0"),
        ({"blur_px": 4}, "blur_px is 4; use an odd number"),
        ({"flip": 1.5}, r"p\.augment\.flip: Input should be less than or equal to 1, found 1.5"),
        ({"mirror": 1}, r"p\.augment\.mirror: unknown key"),
    ],
)
def test_impossible_settings_are_refused(augment: dict[str, object], message: str) -> None:
    section = {"problem": {"keypoints": ["a"]}, "collect": {"sources": [{"kind": "csv"}]}, "model": {"name": "spatial"}}
    with pytest.raises(UserError, match=message):
        parse_params({"problems": ["p"], "p": section | {"augment": augment}})
