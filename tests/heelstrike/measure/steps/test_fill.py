"""Short gaps of a marker are filled by the movement of its neighbours."""

import numpy as np
from jaxtyping import Float

from heelstrike.measure.steps.fill import LONGEST_S, filled
from heelstrike.measure.steps.track import ANKLE, HEEL, SHANK

TIMES = np.arange(0, 2, 1 / 60)


def swinging() -> Float[np.ndarray, "T 2 3 2"]:
    """Legs that swing up and forth, whose ankle is at a vector from the heel that changes as a parabola."""
    heel = np.stack([10 * np.sin(9 * TIMES), 100 * np.cos(9 * TIMES)], axis=1)
    vector = np.stack([3 * TIMES, -30 + 8 * (TIMES - 1) ** 2], axis=1)
    leg = np.stack([heel + 2 * vector, heel + vector, heel], axis=1)
    return np.stack([leg, leg + np.array([50.0, 0.0])], axis=1)


def test_a_gap_is_filled_by_the_heel() -> None:
    whole = swinging()
    gappy = whole.copy()
    gappy[40:52, 1, ANKLE] = np.nan
    np.testing.assert_allclose(filled(TIMES, gappy, ANKLE, (HEEL,)), whole[:, :, ANKLE], atol=1e-6)
    assert np.isnan(filled(TIMES, gappy, ANKLE, ())[40:52, 1]).all()


def test_the_next_donor_is_used_where_the_first_is_hidden_too() -> None:
    whole = swinging()
    gappy = whole.copy()
    gappy[40:52, 0, ANKLE] = np.nan
    gappy[38:50, 0, HEEL] = np.nan
    np.testing.assert_allclose(filled(TIMES, gappy, ANKLE, (HEEL, SHANK)), whole[:, :, ANKLE], atol=1e-6)
    gappy[46, 0, SHANK] = np.nan
    assert np.flatnonzero(np.isnan(filled(TIMES, gappy, ANKLE, (HEEL, SHANK))[:, 0, 0])).tolist() == [46]


def test_long_gaps_and_ends_are_not_filled() -> None:
    gappy = swinging()
    count = round(LONGEST_S * 60) + 1
    for hidden in (slice(0, 3), slice(50, 50 + count), slice(-2, None)):
        gappy[hidden, 0, ANKLE] = np.nan
    expected = np.isnan(gappy[:, :, ANKLE])
    np.testing.assert_array_equal(np.isnan(filled(TIMES, gappy, ANKLE, (HEEL, SHANK))), expected)
    gappy[:, 0, ANKLE] = np.nan
    assert np.isnan(filled(TIMES, gappy, ANKLE, (HEEL, SHANK))[:, 0]).all()
