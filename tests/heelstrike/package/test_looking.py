"""Further looks at what a network is not sure of: whether a keypoint is there, and where it is."""

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.package.image import Pixels
from tests.dots import Network, picture, zoomed


class TestSecondLook:
    """If the network is not sure of every keypoint, it is asked twice."""

    def test_it_widens_the_radius_to_the_difference(self) -> None:
        prediction = zoomed(_Drifting(0.05))(picture(300, 300, 100, 80, 130)[0])
        assert prediction.refusal is None
        assert prediction.radius is not None
        assert prediction.radius.max() > 1

    @pytest.mark.parametrize(
        ("drift", "sides"), [(0.02, [302, 248]), (0.05, [302, 248, 348])], ids=["near each other", "apart"]
    )
    def test_the_place_is_the_mean_of_the_looks_and_a_third_is_taken_if_they_are_apart(
        self, drift: float, sides: list[int]
    ) -> None:
        image, points = picture(300, 300, 100, 80, 130)
        prediction = zoomed(_Drifting(drift))(image)
        assert prediction.keypoints is not None
        away = prediction.keypoints - points
        assert away[1, 0] == pytest.approx(drift * (np.mean(sides) - 302), abs=0.01)
        assert np.abs(np.delete(away, 1, axis=0)).max() < 0.01

    def test_the_look_with_the_smaller_radius_counts_more(self) -> None:
        image, points = picture(300, 300, 100, 80, 130)
        prediction = zoomed(_Drifting(0.02, {302: 1.0, 248: 2.0}))(image)
        assert prediction.keypoints is not None
        assert prediction.keypoints[1, 0] - points[1, 0] == pytest.approx(0.02 * (248 - 302) / 5, abs=0.01)

    def test_keypoints_that_are_elsewhere_are_missing_and_the_refusal_names_them(self) -> None:
        prediction = zoomed(_Drifting(0.3))(picture(300, 300, 100, 80, 130)[0])
        assert prediction.refusal is not None
        assert prediction.refusal.reason == "looks_differ"
        assert "b by" in prediction.refusal.message
        assert "a by" not in prediction.refusal.message
        assert prediction.confidence is not None
        assert prediction.confidence.tolist() == pytest.approx([0.95, 0, 0.95, 0.95])


def test_a_doubtful_keypoint_is_there_if_the_patient_was_followed_to_it() -> None:
    class Doubtful(Network):
        def __call__(self, image: Pixels) -> Prediction:
            prediction = super().__call__(image)
            assert prediction.confidence is not None
            prediction.confidence[1] = 0.7
            return prediction

    follow, image = zoomed(Doubtful()), picture(300, 300, 100, 80, 130)[0]
    confidence = [follow(image).confidence for _ in range(2)]
    assert np.array(confidence)[:, 1].tolist() == pytest.approx([0, 0.7])


class TestThirdLook:
    """Where the second look does not find a keypoint, a third one decides; all looks together have to be sure."""

    @pytest.mark.parametrize(
        ("second", "third", "is_there"),
        [
            ((0.02, 90), (0.99, 0), True),
            ((0.02, 90), (0.99, 90), False),
            ((0.02, 90), (0.4, 0), False),
            ((0.97, 90), (0.99, 0), False),
            ((0.02, 0), (0.99, 0), False),
        ],
        ids=["found again", "elsewhere", "not found again", "second is sure of another place", "not sure together"],
    )
    def test_it_decides(self, second: tuple[float, float], third: tuple[float, float], is_there: bool) -> None:
        prediction = zoomed(_Forgetful(second, third))(picture(300, 300, 100, 80, 130)[0])
        assert prediction.confidence is not None
        assert prediction.confidence.tolist() == pytest.approx([0.85, 0.99 if is_there else 0, 0.95, 0.95])
        is_elsewhere = not is_there and second[1] > 0
        assert (prediction.refusal is not None) == is_elsewhere
        assert prediction.radius is not None
        assert prediction.radius[1] == pytest.approx(1, abs=0.5) or not is_there

    def test_a_keypoint_of_which_two_looks_are_not_sure_together_is_missing(self) -> None:
        prediction = zoomed(_Forgetful((0.02, 90), (0.6, 0)))(picture(300, 300, 100, 80, 130)[0])
        assert prediction.confidence is not None
        assert prediction.confidence.tolist() == pytest.approx([0.85, 0, 0.95, 0.95])
        assert prediction.refusal is None

    def test_a_second_look_that_lacks_a_keypoint_does_not_move_it(self) -> None:
        image, points = picture(300, 300, 100, 80, 130)
        prediction = zoomed(_Forgetful((0.02, 90), (0.99, 4)))(image)
        assert prediction.keypoints is not None
        assert prediction.keypoints[1] == pytest.approx(points[1] + [2, 0], abs=0.1)  # half of the third look's 4 px


class _Forgetful(Network):
    """Is not sure of a; says of b in the second and the third look how sure it is, and puts it so many pixels aside."""

    def __init__(self, second: tuple[float, float], third: tuple[float, float]) -> None:
        super().__init__(0.95)
        self._later = {248: second, 348: third}

    def __call__(self, image: Pixels) -> Prediction:
        prediction = super().__call__(image)
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        confidence, aside = self._later.get(max(image.shape[:2]), (0.99, 0))
        prediction.keypoints[1, 0] += aside
        prediction.confidence[:2] = (0.85, confidence)
        return prediction


class _Drifting(Network):
    """Is not sure, and puts b at a place that depends on the size of the view, as its radius may."""

    def __init__(self, drift: float, radii: dict[int, float] | None = None) -> None:
        super().__init__(0.95)
        self._drift, self._radii = drift, radii or {}

    def __call__(self, image: Pixels) -> Prediction:
        prediction = super().__call__(image)
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        assert prediction.radius is not None
        prediction.keypoints[1, 0] += self._drift * (max(image.shape[:2]) - 302)
        prediction.confidence[1] = 0.85
        prediction.radius[1] = self._radii.get(max(image.shape[:2]), 1.0)
        return prediction
