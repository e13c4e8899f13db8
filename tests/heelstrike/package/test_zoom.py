"""Looking again: keypoints of any size are found, and what is found only once is not believed.

The network of these tests finds four coloured dots, but only if they take a third to two thirds of the image that it is
given. Otherwise it is wrong with almost the same confidence, as real networks are on sizes that they were not taught.
"""

from collections.abc import Callable

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.package.image import ArrayImage, Image, Pixels
from heelstrike.package.view import size_of
from heelstrike.package.zoom import Zoomed
from heelstrike.preprocess.settings import Zoom

NAMES = ("a", "b", "c", "d")
DOTS = np.array([[0.0, 0.0], [0.5, 0.1], [0.1, 1.0], [0.6, 0.9]])
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8)


def picture(width: int, height: int, left: float, top: float, size: float) -> tuple[Pixels, np.ndarray]:
    """An image with the dots, `size` pixels high; and their centres."""
    image, points = np.full((height, width, 3), 60, np.uint8), np.round([left, top] + DOTS * size)
    for (x, y), colour in zip(points.astype(int), COLOURS, strict=True):
        image[y - 1 : y + 2, x - 1 : x + 2] = colour
    return image, points


_LUCK = 5  # a seed with which no wrong answer is made twice


class Network:
    """Finds the dots, if they have the right size; counts how often it is asked."""

    def __init__(self, confidence: float = 0.99) -> None:
        self.confidence, self.looks = confidence, 0

    def __call__(self, image: Pixels) -> Prediction:
        self.looks += 1
        side = max(image.shape[:2])
        masks = [(image == colour).all(axis=2) for colour in COLOURS]
        if all(mask.any() for mask in masks):
            points = np.array([np.argwhere(mask).mean(axis=0)[::-1] for mask in masks])
            if 1 / 3 <= size_of(points) / side <= 2 / 3:
                return self._answer(points, self.confidence)
        # somewhere that depends on what is shown, too small or too large to be believed, mostly
        shown = image[:: max(side // 8, 1), :: max(side // 8, 1)].astype(int).sum()
        rng = np.random.default_rng(shown + side + _LUCK)
        return self._answer(rng.uniform(0, 1, 2) * side * 0.5 + DOTS * side * rng.choice([0.05, 0.1, 0.9]), 0.97)

    def _answer(self, points: np.ndarray, value: float) -> Prediction:
        confidence = np.full(len(points), value, np.float32)
        return Prediction(points.astype(np.float32), confidence, radius=np.ones(4, np.float32))


def zoomed(
    network: Callable[[Pixels], Prediction], smallest: float = 0, **settings: float
) -> Callable[[Pixels], Prediction]:
    look = Zoomed(Zoom(**settings), lambda image: network(image.rgb), NAMES, 0.5, smallest)
    return lambda pixels: look(ArrayImage(pixels))


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
        ids=[
            "found again",
            "elsewhere",
            "not found again",
            "second is sure of another place",
            "not sure together",
        ],
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
