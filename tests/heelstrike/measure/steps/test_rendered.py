"""Events of rendered walks, whose perspective is that of a camera, by the exact places of their markers."""

import numpy as np
import pytest

from benchmarks.steps import Score, from_markers
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

SOURCE = SyntheticSource(kind="synthetic", seed=31, legs=(0.3, 1.05), upright=0.2)
SECONDS, TWO_FRAMES = 4.0, 2 / 60


@pytest.mark.parametrize(
    ("index", "rate"),
    [
        (12, 60.0),  # the camera looks down on a treadmill: a foot is seen highest when it is furthest in front
        (20, 30.0),
        (1, 60.0),  # a walk away from a high camera that is near at first
        (3, 25.0),  # a leg falls as fast as the other one rises
    ],
)
def test_events_are_found_wherever_the_camera_stands(index: int, rate: float) -> None:
    subject = make_subject(SOURCE, index, SECONDS)
    score = Score()
    score.add(subject, SECONDS, from_markers(subject, SECONDS, rate, 0.3, np.random.default_rng(1)))
    for late in score.events.values():
        assert len(late) >= 4
        assert np.abs(late).max() <= TWO_FRAMES
    assert score.false == 0
