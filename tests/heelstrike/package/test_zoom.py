"""Looking again: keypoints of any size are found, and what is found only once is not believed."""

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.package.image import ArrayImage, Image, Pixels
from heelstrike.package.zoom import Zoomed
from heelstrike.preprocess.settings import Zoom
from tests.dots import COLOURS, Network, picture, zoomed


@pytest.mark.parametrize("size", [280, 150, 70, 40])
def test_keypoints_are_found_at_every_size_in_their_own_pixels(size: float) -> None:
    image, points = picture(640, 360, 300, 40, size)
    prediction = zoomed(Network())(image)
    assert prediction.refusal is None
    np.testing.assert_allclose(prediction.keypoints, points, atol=0.01)


def test_keypoints_that_fill_the_image_are_seen_in_a_view_beyond_it() -> None:
    image, points = picture(400, 300, 60, 10, 250)
    np.testing.assert_allclose(zoomed(Network())(image).keypoints, points, atol=0.01)


def test_an_image_without_the_keypoints_is_refused_and_all_of_them_are_missing() -> None:
    prediction = zoomed(Network())(np.full((120, 160, 3), 60, np.uint8))
    assert prediction.refusal is not None
    assert prediction.refusal.reason == "not_found"
    assert prediction.confidence is not None
    assert (prediction.confidence == 0).all()


def test_a_video_is_followed_with_one_look_at_each_frame() -> None:
    network = Network()
    follow = zoomed(network)
    for step in range(6):
        image, points = picture(640, 360, 200 + 6 * step, 80, 60 + 2 * step)
        before = network.looks
        np.testing.assert_allclose(follow(image).keypoints, points, atol=0.01)
        assert step == 0 or network.looks == before + 1


def test_a_video_whose_keypoints_go_and_come_back_is_searched_again() -> None:
    follow, empty = zoomed(Network()), np.full((360, 640, 3), 60, np.uint8)
    image, points = picture(640, 360, 200, 80, 60)
    assert follow(image).refusal is None
    assert follow(empty).refusal is not None
    results = [follow(image) for _ in range(20)]
    np.testing.assert_allclose(results[-1].keypoints, points, atol=0.01)


class Crowd(Network):
    """Finds the dots of the person who is nearest to the middle of what it is shown, as a real network does."""

    def __call__(self, image: Pixels) -> Prediction:
        edges = sorted(set(np.argwhere((image == COLOURS[0]).all(axis=2))[:, 1].tolist()))
        starts = [edge for edge in edges if edge - 1 not in edges]
        if len(starts) > 1:  # leave only the nearest person, who takes at most 120 columns
            nearest = min(starts, key=lambda start: abs(start + 20 - image.shape[1] / 2))
            image = image.copy()
            image[:, : max(nearest - 20, 0)] = image[:, nearest + 100 :] = 60
        return super().__call__(image)


def two_people(left: float, right: float) -> tuple[Pixels, np.ndarray, np.ndarray]:
    """Two people side by side; their sizes in pixels."""
    image, near = picture(640, 360, 100, 60, left)
    other, far = picture(640, 360, 400, 80, right)
    image[:, 320:] = other[:, 320:]
    return image, near, far


class TestSeveralPeople:
    """Two people are in view; the settings say who is the patient."""

    @pytest.mark.parametrize(("sizes", "patient"), [((160, 140), 0), ((140, 160), 1)])
    def test_the_largest_is_the_patient_and_both_are_counted(self, sizes: tuple[float, float], patient: int) -> None:
        image, *people = two_people(*sizes)
        prediction = zoomed(Crowd())(image)
        np.testing.assert_allclose(prediction.keypoints, people[patient], atol=0.01)
        assert (prediction.people, prediction.refusal) == (2, None)

    def test_who_is_in_doubt_is_refused_in_every_frame(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("heelstrike.package.zoom.is_ambiguous", lambda patient, people: len(people) > 1)
        follow = zoomed(Crowd())
        refusals = [follow(two_people(160, 140)[0]).refusal for _ in range(3)]
        assert [refusal and refusal.reason for refusal in refusals] == ["several_people"] * 3

    def test_one_person_is_counted_as_one(self) -> None:
        assert zoomed(Crowd())(picture(640, 360, 200, 60, 150)[0]).people == 1

    def test_the_patient_of_the_first_frame_is_followed_though_another_person_grows_larger(self) -> None:
        follow = zoomed(Crowd())
        for size in (100, 130, 160, 190):
            image, near, _ = two_people(140, size)
            prediction = follow(image)
            np.testing.assert_allclose(prediction.keypoints, near, atol=0.01)
            assert prediction.people == 2


def test_a_view_that_is_too_small_for_the_radii_is_refused_with_its_size() -> None:
    image, _ = picture(640, 360, 300, 40, 40)
    prediction = zoomed(Network(), smallest=120)(image)
    assert prediction.refusal is not None
    assert prediction.refusal.reason == "too_small"
    assert prediction.refusal.message == "they are 40 px high in the image, about 52 px are needed"


def test_an_empty_video_is_looked_at_less_and_less_often() -> None:
    network = Network()
    follow = zoomed(network)
    rng = np.random.default_rng(0)
    scene = rng.integers(40, 90, (90, 160, 1)).repeat(3, axis=2).astype(np.uint8)
    looks = []
    for _ in range(120):
        before = network.looks
        assert follow(scene).refusal is not None
        looks.append(network.looks - before)
    assert sum(n > 0 for n in looks) < 12
    assert max(looks[40:]) <= 2  # this network is sure of what it finds on the whole image, so it looks twice
    image = scene.copy()
    image[:, :] = picture(160, 90, 40, 10, 50)[0]
    waited = next(n for n in range(30) if follow(image).refusal is None)
    assert waited < 25


def test_of_two_keypoints_on_one_marker_the_less_confident_is_missing() -> None:
    def look(image: Pixels) -> Prediction:
        prediction = Network()(image)
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        prediction.keypoints[1] = prediction.keypoints[0] + 1
        prediction.confidence[0] = 0.92
        return prediction

    prediction = zoomed(look)(picture(300, 300, 100, 80, 130)[0])
    assert prediction.confidence is not None
    assert (prediction.confidence == 0).tolist() == [True, False, False, False]


def test_keypoints_without_a_position_are_missing() -> None:
    def lacking(image: Pixels) -> Prediction:
        prediction = Network()(image)
        assert prediction.keypoints is not None
        prediction.keypoints[1:] = np.nan
        return prediction

    prediction = zoomed(lacking)(picture(300, 300, 100, 80, 130)[0])
    assert prediction.confidence is not None
    assert prediction.confidence[1:].tolist() == [0, 0, 0]


def test_a_keypoint_that_one_of_two_looks_lacks_is_missing() -> None:
    network = Network(0.95)

    def look(image: Pixels) -> Prediction:
        prediction = network(image)
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        prediction.confidence[1] = 0.85
        if image.shape[0] < 300:  # the second look
            prediction.keypoints[1] = np.nan
        return prediction

    prediction = zoomed(look)(picture(360, 360, 120, 100, 130)[0])
    assert prediction.confidence is not None
    assert prediction.radius is not None
    assert (prediction.confidence[1], prediction.radius[1]) == (0, np.inf)


def test_no_view_is_much_larger_than_the_image() -> None:
    sides = []

    def spread(image: Pixels) -> Prediction:
        """Finds the keypoints in the corners of whatever it is given."""
        sides.append(max(image.shape[:2]))
        points = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) * (np.array(image.shape[1::-1]) - 1)
        return Prediction(points.astype(np.float32), np.full(4, 0.99, np.float32))

    assert zoomed(spread)(np.zeros((90, 160, 3), np.uint8)).refusal is not None
    assert max(sides) <= 2 * 160


@pytest.mark.parametrize("sure", [0.99, 0.85, 0.75])
def test_few_keypoints_are_shown_in_every_frame(sure: float) -> None:
    """Two of six dots are there: too few to follow, so that a video of them is searched less and less often.

    Nothing is measured from so few, so they need less confidence than a whole patient, but not any.
    """

    def network(image: Image) -> Prediction:
        masks = [(image.rgb == colour).all(axis=2) for colour in COLOURS[:2]]
        places = [np.argwhere(mask).mean(axis=0)[::-1] if mask.any() else np.zeros(2) for mask in masks]
        points = np.array([*places, *(places[0] + [9 * k, 30] for k in range(4))], np.float32)
        seen = np.float32(sure if all(mask.any() for mask in masks) else 0.05)
        return Prediction(points, np.array([seen, seen, 0.05, 0.05, 0.05, 0.05], np.float32))

    follow = Zoomed(Zoom(), network, tuple("abcdef"), 0.5)
    for step in range(12):
        image, points = picture(320, 240, 60 + 4 * step, 80, 60)
        prediction = follow(ArrayImage(image))
        assert prediction.confidence is not None
        assert (prediction.confidence >= 0.5).tolist() == [sure > 0.8] * 2 + [False] * 4, step
        assert sure < 0.8 or np.allclose(prediction.keypoints[:2], points[:2], atol=0.01)


@pytest.mark.parametrize("sure", [4, 3, 2, 1])
def test_doubtful_keypoints_are_missing_and_do_not_take_away_those_that_are_certain(sure: int) -> None:
    class Doubtful(Network):
        def _answer(self, points: np.ndarray, value: float) -> Prediction:
            answer = super()._answer(points, value)
            assert answer.confidence is not None
            answer.confidence[sure:] = 0.6
            return answer

    image, points = picture(640, 360, 200, 80, 150)
    prediction = zoomed(Doubtful())(image)
    assert prediction.confidence is not None
    there = prediction.confidence >= 0.5
    if sure == 1:  # a half of the keypoints is needed
        assert not there.any()
        assert prediction.refusal is not None
        return
    assert prediction.refusal is None
    assert there.tolist() == [k < sure for k in range(4)]
    assert prediction.keypoints is not None
    np.testing.assert_allclose(prediction.keypoints[there], points[there], atol=0.01)
