import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect.boxes import boxes_around


@given(st.integers(0, 2**32 - 1), st.floats(0, 200))
def test_every_box_is_in_its_image_and_around_the_points_in_it(seed, buffer):
    rng = np.random.default_rng(seed)
    width, height = rng.integers(10, 500, 4), rng.integers(10, 500, 4)
    xy = rng.uniform(-50, 600, (4, 3, 2))
    xy[0, 1] = np.nan
    boxes = boxes_around(xy, width, height, buffer)
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    size = np.stack([width, height], axis=1)
    assert (boxes[:, 2:] >= 0).all()
    assert (low >= -0.5).all()
    assert (high <= size - 0.5 + 1e-9).all()
    inside = ((xy >= -0.5) & (xy <= size[:, None] - 0.5)).all(axis=2)
    covered = ((xy >= low[:, None] - 1e-9) & (xy <= high[:, None] + 1e-9)).all(axis=2)
    assert covered[inside].all()
