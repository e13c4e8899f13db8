"""Several people in view: who is the patient, and which legs belong together."""

from dataclasses import replace

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.package.looking import Answer
from heelstrike.package.people import apart, is_ambiguous, is_same, patient_of, without_parts
from heelstrike.package.view import View
from heelstrike.preprocess.settings import Zoom

VIEW = View(0, 0, 100)
LEG = np.array([[0.0, 0.0], [0.0, 0.5], [0.0, 1.0]])


def pair(left: float, right: float, height: float = 100, confidence: float = 0.95, top: float = 50) -> Answer:
    """Two legs at these columns."""
    points = np.concatenate([LEG * height + [left, top], LEG * height + [right, top]])
    return Answer(Prediction(points, np.full(6, confidence)), VIEW, (VIEW, VIEW))


NEAR, FAR = pair(100, 150, 200), pair(300, 330, 100, 0.99)
HALF = Answer(
    Prediction(pair(0, 90, 300).prediction.keypoints, np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.1])), VIEW, (VIEW, VIEW)
)


@pytest.mark.parametrize(("rule", "patient"), [("largest", NEAR), ("most_central", FAR), ("most_certain", FAR)])
def test_the_rule_names_the_patient(rule: str, patient: Answer) -> None:
    settings = Zoom.model_validate({"patient": rule})
    assert patient_of([HALF, NEAR, FAR], settings, (200, 640, 3), 0.5) is patient


def test_without_complete_people_the_rule_is_applied_to_all() -> None:
    assert patient_of([HALF], Zoom(), (200, 640, 3), 0.5) is HALF


def test_legs_of_two_people_are_no_third_person() -> None:
    left, right = pair(100, 150), pair(230, 280)
    mixture = pair(150, 230, confidence=0.99)
    assert {id(person) for person in apart([mixture, right, left])} == {id(left), id(right)}
    assert not is_ambiguous(left, [mixture, right, left])


def test_pairs_that_share_a_leg_and_are_as_narrow_are_ambiguous() -> None:
    left, mixture = pair(100, 150), pair(150, 203)
    assert is_ambiguous(left, [left, mixture])


def test_the_same_person_found_twice_is_one_and_the_surer_answer_stays() -> None:
    sure, again = pair(100, 150, confidence=0.99), pair(101, 151)
    (left,) = apart([again, sure])
    assert left is sure
    assert not is_ambiguous(sure, [again, sure])


def leg(left: float, height: float = 100) -> Answer:
    """One leg at this column: the keypoints of the other are somewhere near, and missing."""
    whole = pair(left, left + 7, height)
    return whole._replace(prediction=replace(whole.prediction, confidence=np.array([0.95] * 3 + [0.1] * 3)))


def test_one_leg_of_a_pair_is_a_part_of_it() -> None:
    whole, part = pair(100, 300), leg(101)
    assert without_parts([part, whole], 0.5) == [whole]
    assert without_parts([whole, part, part], 0.5) == [whole]


def test_a_leg_with_a_marker_that_is_none_is_a_part_too() -> None:
    whole, part = pair(100, 300), leg(101)
    confidence = np.array([0.95] * 4 + [0.1] * 2)
    part = part._replace(prediction=replace(part.prediction, confidence=confidence))
    assert part.prediction.keypoints is not None
    part.prediction.keypoints[3] = (180, 60)
    assert without_parts([part, whole], 0.5) == [whole]


def test_a_pair_that_lacks_a_marker_is_no_part_of_legs_of_two_people() -> None:
    lacking, mixture = pair(100, 150), pair(150, 230)
    lacking = lacking._replace(prediction=replace(lacking.prediction, confidence=np.array([0.95] * 5 + [0.1])))
    assert without_parts([lacking, mixture], 0.5) == [lacking, mixture]


def test_another_persons_leg_and_a_leg_without_a_pair_are_no_parts() -> None:
    people = [pair(100, 150), leg(300), leg(200)]
    assert without_parts(people, 0.5) == people
    nobody = pair(0, 50, confidence=0.1)
    assert without_parts([nobody], 0.5) == [nobody]


def test_a_person_is_followed_who_has_moved_a_little() -> None:
    assert is_same(NEAR.prediction, pair(110, 162, 200).prediction)
    assert not is_same(NEAR.prediction, FAR.prediction)
