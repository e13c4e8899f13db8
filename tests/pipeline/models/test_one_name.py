"""Keypoints at one place get one name, and the names of a single leg are of one side."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.one_name import one_name

SIDES = [(0, 3), (1, 4), (2, 5)]
_LEG = [[20.0, 10.0], [20.0, 40.0], [22.0, 70.0]]
_OTHER = [[60.0, 12.0], [61.0, 41.0], [62.0, 69.0]]


def there(logits: list[float], places: list[list[float]], sides: list[tuple[int, int]] = SIDES) -> list[float]:
    result = one_name(torch.tensor([logits]), torch.tensor([places]), sides, 4.0)[0]
    return [round(float(v), 4) if v > -100 else float("-inf") for v in result]


GONE = float("-inf")


def test_a_single_legs_markers_all_get_the_names_of_the_side_that_is_surer_in_sum() -> None:
    assert there([2, 1, 3, 1, 1.5, -2], _LEG * 2) == [2, 1.5, 3, GONE, GONE, GONE]
    assert there([2, 1, 1, 1, 1.5, 3], _LEG * 2) == [GONE, GONE, GONE, 2, 1.5, 3]


def test_one_very_sure_keypoint_does_not_decide_for_the_whole_leg() -> None:
    assert there([50, -3, -3, 3, 3, 3], _LEG * 2) == [GONE, GONE, GONE, 50, 3, 3]


def test_with_two_legs_in_view_each_pair_is_decided_by_itself() -> None:
    # the left heel is hidden and predicted on the right one; the ankles and shanks are at two places
    places = [*_LEG[:2], _OTHER[2], *_OTHER]
    assert there([3, 3, 1, 3, 3, 2], places) == [3, 3, GONE, 3, 3, 2]
    two = [_LEG[0], _OTHER[1], _LEG[2], _OTHER[0], _OTHER[1], _LEG[2]]
    assert there([3, 1, 2, 3, 2, 1], two) == [3, GONE, 2, 3, 2, GONE]


def test_a_keypoint_that_is_there_without_its_partner_speaks_for_its_side() -> None:
    places = [*_LEG, [90.0, 90.0], *_LEG[1:]]
    assert there([2, 1, 2, -3, 2, 1.5], places) == [2, 2, 2, -3, GONE, GONE]


def test_without_pairs_the_surest_of_each_place_is_left() -> None:
    assert there([1, 2, 0.5], [[10.0, 10.0], [12.0, 11.0], [40.0, 10.0]], []) == [GONE, 2, 0.5]


@given(
    logits=st.lists(st.floats(-8, 8, width=32), min_size=6, max_size=6),
    places=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=6, max_size=6),
)
def test_no_two_keypoints_at_one_place_are_left_unless_they_are_equally_sure(
    logits: list[float], places: list[tuple[int, int]]
) -> None:
    points = torch.tensor([places], dtype=torch.float32)
    result = one_name(torch.tensor([logits]), points, SIDES, 4.0)[0]
    apart = torch.cdist(points[0], points[0])
    for a in range(6):
        for b in range(a):
            if apart[a, b] < 4 and result[a] > -100 and result[b] > -100:
                assert result[a] == result[b]
