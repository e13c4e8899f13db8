"""K-means of six points by numpy is scikit-learn's, which needs two seconds to import and a millisecond a frame."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Bool, Float
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from heelstrike.measure.legs import NotLegs, cluster_markers, separate_legs

SEEDS = st.integers(0, 2**32 - 1)


def by_sklearn(markers: Float[np.ndarray, "6 2"]) -> Bool[np.ndarray, " 6"]:
    x, y = markers[:, 0], markers[:, 1]
    start = np.array([[x.min(), y.mean()], [x.max(), y.mean()]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(2, init=start, n_init=1, tol=0).fit(markers).labels_.astype(bool)


def legs(seed: int, tall: float, apart: float, noise: float) -> Float[np.ndarray, "6 2"]:
    """Two legs of three markers, in no order."""
    rng = np.random.default_rng(seed)
    upright = np.array([[side * apart, row * tall / 2] for side in (0, 1) for row in range(3)])
    return rng.permutation(upright + rng.normal(0, noise, (6, 2)) + rng.uniform(0, 1000, 2))


@given(SEEDS, st.floats(20, 800), st.floats(5, 800), st.floats(0.1, 100))
@settings(max_examples=300, deadline=None)
def test_clusters_of_legs_are_scikit_learns(seed: int, tall: float, apart: float, noise: float) -> None:
    markers = legs(seed, tall, apart, noise)
    np.testing.assert_array_equal(cluster_markers(markers[None])[0], by_sklearn(markers))


@given(SEEDS, st.floats(1, 4000), st.floats(1, 4000))
@settings(max_examples=300, deadline=None)
def test_clusters_of_any_six_points_are_scikit_learns(seed: int, width: float, height: float) -> None:
    markers = np.random.default_rng(seed).uniform(0, (width, height), (6, 2))
    np.testing.assert_array_equal(cluster_markers(markers[None])[0], by_sklearn(markers))


def test_many_frames_at_once_are_each_frame_alone() -> None:
    frames = np.stack([legs(seed, 400, 30 + seed, 20) for seed in range(200)])
    together = cluster_markers(frames)
    assert together.shape == (200, 6)
    for frame, cluster in zip(frames, together, strict=True):
        np.testing.assert_array_equal(cluster, cluster_markers(frame[None])[0])


def test_tall_legs_that_stand_close_are_not_cut_into_halves() -> None:
    """Upper against lower half has the smaller sum of squares, so the global optimum is not what is wanted."""
    markers = np.array([[0, 0], [0, 200], [0, 400], [60, 0], [60, 200], [60, 400.0]])
    assert cluster_markers(markers[None])[0].tolist() == [False] * 3 + [True] * 3
    upper_half = markers[:, 1] < 200

    def squares(cluster: Bool[np.ndarray, " 6"]) -> float:
        return sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in (markers[cluster], markers[~cluster]))

    assert squares(upper_half) < squares(markers[:, 0] > 30)


def test_legs_are_ordered_left_to_right_and_top_to_bottom() -> None:
    markers = np.array([[300, 50], [100, 90], [310, 10], [110, 10], [290, 90], [105, 50.0]])
    result = separate_legs(markers)
    assert result.order.tolist() == [[3, 5, 1], [2, 0, 4]]
    np.testing.assert_array_equal(result.points, markers[result.order])


@pytest.mark.parametrize(
    ("markers", "message"),
    [
        ([[5, y] for y in range(6)], "all are in one column"),
        ([[0, 0], [0, 1], [0, 2], [0, 3], [90, 0], [90, 1]], "they cluster 2 and 4, expected 3 and 3"),
    ],
)
def test_what_is_no_pair_of_legs(markers: list[list[float]], message: str) -> None:
    with pytest.raises(NotLegs, match=message) as error:
        separate_legs(np.array(markers, np.float64))
    assert error.value.reason == "legs_not_separable"
