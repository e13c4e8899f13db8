"""The patient among several people in view, by a stated rule."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from heelstrike.heads.prediction import Prediction
from heelstrike.package.looking import Answer, finite, points_of, score
from heelstrike.package.view import size_of
from heelstrike.preprocess.settings import Zoom

_ONE_MARKER = 0.1  # keypoints of two people that are nearer are one marker, as a share of the smaller one's size
_ALIKE = 1.15  # ratio of widths below which it cannot be told which of two pairs of legs belong together


def patient_of(people: list[Answer], settings: Zoom, shape: tuple[int, ...], threshold: float) -> Answer:
    """Return the person whom the rule `settings.patient` names, among those whose keypoints are all found.

    If no person's keypoints are all found, the rule is applied to all people.

    Args:
        people: At least one person.
        settings: The rule.
        shape: Height and width of the image first.
        threshold: A keypoint of lower confidence counts as missing.
    """
    complete = [person for person in people if (points_of(person.prediction)[1] >= threshold).all()]
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    rules: dict[str, Callable[[Answer], float]] = {
        "largest": _height,
        "most_central": lambda person: -float(np.linalg.norm(_points(person).mean(axis=0) - centre)),
        "most_certain": score,
    }
    return max(complete or people, key=rules[settings.patient])


def without_parts(people: list[Answer], threshold: float) -> list[Answer]:
    """Return the people without answers that show a part of another one, as one leg of a pair that is seen from near.

    A part has fewer keypoints that are present, and all of these are markers that are present in the other answer. If
    it has at least two fewer, half of them will do, since the others may be on no marker. If it has one fewer and
    not all in common, it may be a patient who lacks a marker, beside an answer that joins legs of two people: it stays.

    Args:
        people: People who may be there several times.
        threshold: A keypoint of lower confidence counts as missing.
    """
    present = [_present(person, threshold) for person in people]
    return [
        person
        for person, part in zip(people, present, strict=True)
        if not any(_is_part(part, whole) for whole in present)
    ]


def _is_part(part: Float[np.ndarray, "M 2"], whole: Float[np.ndarray, "N 2"]) -> bool:
    """Return True if these markers are those of a part, as `without_parts` says."""
    common = _common(part, whole)
    if common == len(part):
        return len(part) < len(whole)
    return len(part) < len(whole) - 1 and 2 * common >= len(part)


def apart(people: list[Answer]) -> list[Answer]:
    """Return the people without those who are there twice, and without pairs of legs of two people.

    Two answers that share a marker are not two people. If they share all, the surer one stays; if they share some, one
    of them joins legs of two people who stand side by side: the narrower one stays.
    """
    left: list[Answer] = []
    for person in sorted(people, key=lambda each: (_width(each), -score(each))):
        if not any(_shares(person, other) for other in left):
            left.append(person)
    return left


def is_ambiguous(patient: Answer, people: list[Answer]) -> bool:
    """Return True if other legs would make as good a pair with one of the patient's legs."""
    rivals = [other for other in people if 0 < _shared(patient, other) < len(_points(patient))]
    return any(_width(rival) < _ALIKE * _width(patient) for rival in rivals)


def is_same(one: Prediction, other: Prediction) -> bool:
    """Return True if two predictions on successive frames are of the same person: their centres are near."""
    centres = [finite(points_of(prediction)[0]).mean(axis=0) for prediction in (one, other)]
    return float(np.linalg.norm(centres[0] - centres[1])) < size_of(finite(points_of(one)[0])) / 2


def _shares(one: Answer, other: Answer) -> bool:
    return _shared(one, other) > 0


def _shared(one: Answer, other: Answer) -> int:
    """Return the number of markers of one answer that are also markers of another one."""
    return _common(_points(one), _points(other))


def _common(one: Float[np.ndarray, "M 2"], other: Float[np.ndarray, "N 2"]) -> int:
    """Return how many of these markers are also among those."""
    if not len(one) or not len(other):
        return 0
    near = _ONE_MARKER * min(size_of(one), size_of(other))
    return int((np.linalg.norm(one[:, None] - other, axis=-1).min(axis=1) < near).sum())


def _points(person: Answer) -> Float[np.ndarray, "F 2"]:
    return finite(points_of(person.prediction)[0])


def _present(person: Answer, threshold: float) -> Float[np.ndarray, "M 2"]:
    keypoints, confidence = points_of(person.prediction)
    return finite(keypoints[confidence >= threshold])


def _height(person: Answer) -> float:
    return float(np.ptp(_points(person)[:, 1]))


def _width(person: Answer) -> float:
    """Return the width of a person's keypoints as a share of their height."""
    return float(np.ptp(_points(person)[:, 0])) / max(_height(person), 1.0)
