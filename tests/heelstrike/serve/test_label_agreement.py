"""Agreement of labellers: independence, pixels, degrees."""

from typing import Any

import numpy as np
import pytest

from heelstrike.serve.label.agreement import agreements
from heelstrike.serve.label.records import Author, FrameLabels, LabelFile, Point, Revision, Target
from heelstrike.serve.label.words import agreement_lines
from tests.packages import LEFT, RIGHT

MEASURE = {"name": "rearfoot_angle", "left": LEFT, "right": RIGHT}
# a vertical shank; the heel is 40 px below the ankle
LEGS = np.array([[100, 50], [100, 90], [100, 130], [200, 50], [200, 90], [200, 130]], float)


def target(measure: dict[str, Any] | None = MEASURE) -> Target:
    return Target(
        problem="rearfoot",
        file="walk.mp4",
        kind="video",
        sha256="0" * 64,
        width=320,
        height=240,
        keypoints=(*LEFT, *RIGHT),
        flip_pairs=(),
        measure=measure,
    )


def revision(
    who: str,
    points: np.ndarray,
    number: int = 1,
    based_on: int = 0,
    absent: int | None = None,
    by_id: str | None = None,
) -> Revision:
    said = [Point() if k == absent else Point(x=x, y=y, v=2) for k, (x, y) in enumerate(points.tolist())]
    return Revision(
        number=number, based_on=based_on, who=who, by_id=by_id, when="2026-11-28T12:00:00Z", points=tuple(said)
    )


def turned(degrees: float) -> np.ndarray:
    """The legs with the right heel turned about the ankle."""
    points, angle = LEGS.copy(), np.radians(degrees)
    points[5] = points[4] + 40 * np.array([np.sin(angle), np.cos(angle)])
    return points


def test_pixels_and_degrees_in_closed_form() -> None:
    angles = [1.0, 2.0, 6.0]
    frames = {
        n: FrameLabels(revisions=(revision("ada", LEGS),), readings={"grace": revision("grace", turned(angle))})
        for n, angle in enumerate(angles)
    }
    (found,) = agreements([LabelFile(target=target(), frames=frames)])
    assert (found.first, found.second, found.frames) == ("ada", "grace", 3)
    left, right = found.values
    assert left.difference is not None
    assert (left.difference.mean, left.difference.sd) == pytest.approx((0, 0))
    assert right.difference is not None
    assert abs(right.difference.mean) == pytest.approx(3.0)
    assert right.difference.sd == pytest.approx(np.std(angles, ddof=1))
    assert right.difference.high == pytest.approx(right.difference.mean + 1.96 * np.std(angles, ddof=1))
    heel = found.points[5]
    chord = [80 * np.sin(np.radians(angle) / 2) for angle in angles]
    assert heel.distance_px is not None
    assert heel.distance_px.mean == pytest.approx(np.mean(chord))
    assert heel.x_px is not None
    assert heel.x_px.mean == pytest.approx(np.mean([40 * np.sin(np.radians(angle)) for angle in angles]))
    assert found.all_points is not None
    assert (found.all_points.n, found.all_points.mean) == (18, pytest.approx(np.mean(chord) / 6))
    assert any("limits of agreement" in line and "°" in line for line in agreement_lines(found))


def test_two_users_of_one_name_are_two_people() -> None:
    """Ada was removed, and another ada came: they are compared, and neither takes the place of the other."""
    first, later = revision("ada", LEGS, by_id="a1"), revision("ada", LEGS + 1, by_id="a2")
    (found,) = agreements([LabelFile(target=target(), frames={0: FrameLabels(readings={"a1": first, "a2": later})})])
    assert (found.first, found.second, found.frames) == ("ada", "ada", 1)
    assert found.all_points is not None
    assert found.all_points.mean == pytest.approx(np.hypot(1, 1))
    unknown = revision("ada", LEGS)  # from before there were accounts: perhaps the same person
    frames = {0: FrameLabels(revisions=(unknown,), readings={"a1": first})}
    assert agreements([LabelFile(target=target(), frames=frames)]) == []


def test_who_has_seen_the_others_label_does_not_agree_independently() -> None:
    first, second = revision("ada", LEGS), revision("grace", LEGS + 1, 2, 1)
    seen = FrameLabels(revisions=(first, second))
    assert agreements([LabelFile(target=target(), frames={0: seen})]) == []
    reread = FrameLabels(revisions=(first, second), readings={"grace": revision("grace", LEGS + 3)})
    (found,) = agreements([LabelFile(target=target(), frames={0: reread})])
    assert found.all_points is not None
    assert found.all_points.mean == pytest.approx(np.hypot(3, 3))


def test_what_a_person_saves_again_is_still_that_persons_own() -> None:
    said = FrameLabels(revisions=(revision("ada", LEGS), revision("ada", LEGS + 1, 2, 1)))
    own = said.own(Author("ada"))
    assert own is not None
    assert own.number == 2
    assert said.own(Author("grace")) is None


def test_points_that_one_of_the_two_leaves_out() -> None:
    one, other = revision("ada", LEGS), revision("grace", LEGS, absent=0)
    said = FrameLabels(revisions=(one,), readings={"grace": other})
    (found,) = agreements([LabelFile(target=target(), frames={0: said})])
    assert (found.points[0].one_only, found.points[0].distance_px) == (1, None)
    assert found.values[0].difference is None, "no left angle without the shank"
    assert found.values[1].difference is not None
    assert (found.values[1].difference.n, found.values[1].difference.sd) == (1, None)


def test_a_problem_without_a_measure_has_pixels_only() -> None:
    said = FrameLabels(revisions=(revision("ada", LEGS),), readings={"grace": revision("grace", LEGS)})
    (found,) = agreements([LabelFile(target=target(None), frames={0: said})])
    assert found.values == ()
    assert len(list(agreement_lines(found))) == 8


def test_points_are_compared_with_those_of_the_same_name_only() -> None:
    """Two models of a problem have the same points in another order, and a third one has more."""
    said = FrameLabels(
        revisions=(revision("ada", LEGS),), readings={"grace": revision("grace", LEGS + np.array([3, 4]))}
    )
    more = FrameLabels(
        revisions=(revision("ada", np.zeros((7, 2))),), readings={"grace": revision("grace", np.ones((7, 2)))}
    )
    names = target().keypoints
    orders = (names, names[::-1], (*names, "toe"))
    files = [
        LabelFile(target=target(None).model_copy(update={"keypoints": order}), frames={0: frame})
        for order, frame in zip(orders, (said, said, more), strict=True)
    ]
    found = agreements(files)
    assert sorted(tuple(point.keypoint for point in one.points) for one in found) == sorted(orders)
    assert [one.frames for one in found] == [1, 1, 1]
