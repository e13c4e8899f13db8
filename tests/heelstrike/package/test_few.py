"""Few keypoints, as of a single leg that lacks markers: what of them is shown, and with the names of which side."""

from collections.abc import Sequence

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.package.few import few
from heelstrike.package.image import ArrayImage, Image
from heelstrike.package.looking import Looks
from heelstrike.preprocess.settings import Zoom

OTHER_LEG = [3, 4, 5, 0, 1, 2]
MARKERS = np.array([[180.0, 60.0], [185.0, 110.0], [182.0, 150.0]])
WHOLE, CLOSER, THIRD = 300, 240, 280  # sides of what the network is shown
LEFT, RIGHT = [0.95, 0.9, 0.85, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.85, 0.95, 0.9]


def shown(
    answers: dict[int, Sequence[float]], moved: dict[int, float] | None = None, other: Sequence[int] = range(6)
) -> Prediction | None:
    """What is shown of a leg with three markers.

    Args:
        answers: Confidences of the six keypoints, by the side of what the network is shown.
        moved: Pixels by which a keypoint is elsewhere in the closer look, by its index.
        other: Index of each keypoint's counterpart on the other side.
    """
    pixels = np.zeros((200, WHOLE, 3), np.uint8)
    for number, (x, y) in enumerate(MARKERS.astype(int)):
        pixels[y, x] = number + 1

    def look(image: Image) -> Prediction:
        side = max(image.shape)
        places = np.array([np.argwhere(image.rgb[..., 0] == n + 1)[0][::-1] for n in range(3)], np.float32)
        keypoints = np.concatenate([places, places])
        for index, pixels_aside in (moved or {}).items() if side == CLOSER else ():
            keypoints[index, 0] += pixels_aside
        return Prediction(keypoints, np.array(answers[side], np.float32), radius=np.ones(6, np.float32))

    return few(Looks(ArrayImage(pixels), Zoom(), look, 0.5), Zoom(), np.array(other), 0.5)


def confidences(prediction: Prediction | None) -> list[float]:
    assert prediction is not None
    assert prediction.confidence is not None
    assert prediction.keypoints is not None
    there = prediction.confidence >= 0.5
    np.testing.assert_allclose(prediction.keypoints[there], np.concatenate([MARKERS, MARKERS])[there])
    return [round(value, 3) if value >= 0.5 else 0 for value in prediction.confidence.tolist()]


def test_a_leg_on_which_two_looks_agree_is_shown_with_their_mean_confidence() -> None:
    answer = shown({WHOLE: LEFT, CLOSER: [0.99, 0.9, 0.81, 0.1, 0.1, 0.1]}, other=OTHER_LEG)
    assert confidences(answer) == pytest.approx([0.97, 0.9, 0.83, 0, 0, 0])
    assert answer is not None
    assert answer.refusal is None


@pytest.mark.parametrize(("third", "side"), [(LEFT, 0), (RIGHT, 1)], ids=["as the first look", "as the second"])
def test_if_the_looks_name_different_sides_a_third_one_decides_and_the_frame_is_refused(
    third: list[float], side: int
) -> None:
    answer = shown({WHOLE: LEFT, CLOSER: RIGHT, THIRD: third}, other=OTHER_LEG)
    assert confidences(answer) == pytest.approx([0] * 3 * side + [0.9, 0.925, 0.875] + [0] * 3 * (1 - side))
    assert answer is not None
    assert answer.refusal is not None
    assert answer.refusal.reason == "looks_differ"
    assert "left and right" in answer.refusal.message


def test_keypoints_without_sides_are_not_exchanged() -> None:
    assert shown({WHOLE: LEFT, CLOSER: RIGHT}) is None


def test_a_keypoint_that_is_elsewhere_in_the_closer_look_is_missing() -> None:
    assert confidences(shown({WHOLE: LEFT, CLOSER: LEFT}, {1: 20.0}, OTHER_LEG)) == pytest.approx(
        [0.95, 0, 0.85, 0, 0, 0]
    )


@pytest.mark.parametrize("confidence", [0.2, 0.75])
def test_nothing_is_shown_of_which_the_looks_together_are_not_sure(confidence: float) -> None:
    answers = [confidence] * 3 + [0.1] * 3
    assert shown({WHOLE: answers, CLOSER: answers}, other=OTHER_LEG) is None


def test_a_single_marker_is_shown() -> None:
    answers = [0.1, 0.1, 0.95, 0.1, 0.1, 0.1]
    assert confidences(shown({WHOLE: answers, CLOSER: answers}, other=OTHER_LEG)) == pytest.approx(
        [0, 0, 0.95, 0, 0, 0]
    )


def test_at_most_half_of_the_keypoints_are_shown_so_that_nothing_is_measured() -> None:
    answers = [0.85, 0.9, 0.85, 0.95, 0.9, 0.85]
    found = confidences(shown({WHOLE: answers, CLOSER: answers}, other=OTHER_LEG))
    assert found == pytest.approx([0, 0.9, 0, 0.95, 0.9, 0])


def test_the_radius_grows_to_the_distance_of_both_looks() -> None:
    answer = shown({WHOLE: LEFT, CLOSER: LEFT}, {1: 4.0}, OTHER_LEG)
    assert answer is not None
    assert answer.radius is not None
    assert answer.radius[:3].tolist() == [1, 4, 1]
