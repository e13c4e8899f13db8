"""What a scanner makes of a head's signal."""

import numpy as np

from pipeline.synthetic.head import CSF, FAT, GRAY, WHITE
from pipeline.synthetic.scanner import VolumeEnd, coil, contrast, received

PLACEMENT = np.array([[0.0, 120, 120], [0, -4, 0], [0, 0, -4]])


def test_sequences_differ_in_contrast_and_keep_what_makes_a_t1_image() -> None:
    curves = [contrast(np.random.default_rng(seed)) for seed in range(50)]
    levels = np.array([curve(np.array([[0.0, CSF, GRAY, WHITE, FAT]]))[0] for curve in curves])
    assert (np.diff(levels, axis=1) > 0).all(), "air, fluid, gray matter, white matter, fat"
    np.testing.assert_allclose(levels[:, 0], 0)
    np.testing.assert_allclose(levels[:, 3], WHITE)
    assert np.ptp(levels[:, 4] / levels[:, 3]) > 0.7


def test_a_volume_ends_below_the_brain_or_not_at_all() -> None:
    ends = [VolumeEnd.draw(np.random.default_rng(seed)) for seed in range(200)]
    heights = np.array([end.height for end in ends])
    assert 0.3 < np.isfinite(heights).mean() < 0.5
    assert heights.max() < -60, "the lowest point of the brain is above it"
    sloped = VolumeEnd(-80.0, (0.1, -0.2))
    points = np.array([[0.0, 0, -79], [0, 0, -81], [10, 0, -79.5], [0, 10, -81.5]])
    assert sloped.holds(points).tolist() == [True, False, False, True]
    assert VolumeEnd(-np.inf, (0.1, 0.1)).holds(points).all()


def test_a_coil_is_common_to_the_planes_of_an_exam_and_smooth() -> None:
    first, again = (coil(np.random.default_rng(3), PLACEMENT, (60, 60)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first > 0).all()
    assert np.abs(np.diff(np.log(first), axis=0)).max() < 0.1


def test_values_are_those_of_a_scanner_with_more_or_less_noise() -> None:
    signal = np.full((60, 60), WHITE)
    signal[:30] = 0
    spread = []
    for seed in range(30):
        values = received(np.random.default_rng(seed), np.random.default_rng(100), signal, PLACEMENT)
        assert values.dtype == np.int16 and values.min() >= 0
        assert values[40:].mean() > 5 * values[:20].mean()
        spread.append(values[:20].std() / values[40:].mean())
    assert max(spread) > 5 * min(spread)
