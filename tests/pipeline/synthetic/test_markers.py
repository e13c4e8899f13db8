"""How many markers people have, and what they are."""

import numpy as np

from pipeline.synthetic.anatomy import draw_body, make_leg
from pipeline.synthetic.markers import Sticker, draw_markers

SKIN = (np.full(3, 0.4),) * 3


def drawn(count: int, incomplete: float) -> list[list[tuple[tuple[Sticker | None, ...], tuple[Sticker, ...]]]]:
    rng = np.random.default_rng(0)
    body = draw_body(rng)
    left, right = make_leg(body, -1, 0.0, rng), make_leg(body, 1, 0.0, rng)
    return [list(draw_markers(rng, (left, right), SKIN, incomplete, white=False)) for _ in range(count)]


def test_a_leg_has_none_to_three_markers_and_a_person_has_at_least_one() -> None:
    counts = np.array([[sum(m is not None for m in markers) for markers, _ in legs] for legs in drawn(400, 0.5)])
    assert set(counts.ravel().tolist()) == {0, 1, 2, 3}
    assert counts.sum(axis=1).min() > 0
    assert 0.4 < (counts.min(axis=1) < 3).mean() < 0.6
    complete = np.array([[sum(m is not None for m in markers) for markers, _ in legs] for legs in drawn(50, 0.0)])
    assert (complete == 3).all()


def test_lookalikes_are_never_where_a_marker_belongs() -> None:
    lookalikes = [sticker for legs in drawn(200, 0.0) for _, some in legs for sticker in some]
    markers = [marker for legs in drawn(20, 0.0) for some, _ in legs for marker in some if marker is not None]
    assert max(len(some) for legs in drawn(200, 0.0) for _, some in legs) == 8
    shank = min(marker.t for marker in markers)
    assert all(abs(sticker.turn) > 0.5 or sticker.t < shank for sticker in lookalikes)


def test_markers_of_a_person_are_of_one_kind_and_kinds_differ() -> None:
    people = [[marker for markers, _ in legs for marker in markers if marker is not None] for legs in drawn(100, 0.0)]
    kinds = {(some[0].pattern is None, some[0].ball, some[0].radius < 0.004) for some in people}
    assert len(kinds) >= 4
    for some in people:
        assert len({id(marker.pattern) for marker in some}) == 1
