"""Separation of six markers into two legs, or the reason why this is not possible.

The markers are clustered without regard to their names (k-means, two clusters), then ordered left to right and top to
bottom. The names that the network gave them are compared with the result afterwards.

The clusters are those to which Lloyd's algorithm converges from the outermost columns, as in scikit-learn's
`KMeans(init=...)`. The *global* optimum of k-means would be wrong: legs are taller than they are far apart, so a cut
into an upper and a lower half often has the smaller sum of squares.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.measure.settings import RearfootSettings
from heelstrike.reasons import Reason

_NOT_APART = "the markers of the legs could not be told apart"


@dataclass(frozen=True)
class Legs:
    """Two legs.

    Attributes:
        points: (leg, row, xy) in pixels; legs left to right, rows top to bottom.
        order: (leg, row), index of each point among the six markers.
    """

    points: Float[np.ndarray, "2 3 2"]
    order: Int[np.ndarray, "2 3"]


class NotLegs(Exception):
    """Raised for six markers that are not two legs.

    Attributes:
        reason: The reason as a code, for counting.
        message: The reason as a sentence, for a person.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def cluster_markers(markers: Float[np.ndarray, "N 6 2"]) -> Bool[np.ndarray, "N 6"]:
    """Cluster the markers of many frames into two clusters each, by Lloyd's algorithm.

    It starts from the columns of the leftmost and the rightmost marker at mid-height, so that the result is
    deterministic and tall legs that stand close together are not cut into an upper and a lower half.

    Args:
        markers: (x, y) in pixels, finite; the markers of a frame are not all in one column.

    Returns:
        True for the markers of the cluster that started on the right; a marker at equal distance is in the left one.
    """
    x, middle = markers[..., 0], markers[..., 1].mean(axis=1)
    centres = np.stack([np.stack([x.min(axis=1), middle], axis=1), np.stack([x.max(axis=1), middle], axis=1)], axis=1)
    right = np.zeros(markers.shape[:2], bool)
    # each step lowers the sum of squares, so no assignment is repeated and the loop ends
    while True:
        distance = ((markers[:, :, None] - centres[:, None]) ** 2).sum(axis=-1)
        nearer_right = distance[..., 1] < distance[..., 0]
        if np.array_equal(nearer_right, right):
            return right
        right = nearer_right
        members = np.stack([~right, right], axis=1).astype(np.float64)
        centres = (members @ markers) / members.sum(axis=2, keepdims=True)


def separate_legs(markers: Float[np.ndarray, "6 2"]) -> Legs:
    """Separate two legs by `cluster_markers`, ordered left to right and top to bottom.

    Raises:
        NotLegs: `legs_not_separable`: the clusters do not have three markers each.
    """
    x, y = markers[:, 0], markers[:, 1]
    if x.min() == x.max():
        raise NotLegs(Reason.LEGS_NOT_SEPARABLE, f"{_NOT_APART}: all are in one column")
    cluster = cluster_markers(markers[None])[0]
    if cluster.sum() != 3:
        sizes = sorted((int(cluster.sum()), 6 - int(cluster.sum())))
        raise NotLegs(
            Reason.LEGS_NOT_SEPARABLE, f"{_NOT_APART}: they cluster {sizes[0]} and {sizes[1]}, expected 3 and 3"
        )
    legs = sorted((np.flatnonzero(cluster == c) for c in (False, True)), key=lambda leg: float(x[leg].mean()))
    order = np.stack([leg[np.argsort(y[leg], kind="stable")] for leg in legs])
    return Legs(points=markers[order], order=order)


def check_geometry(legs: Legs, settings: RearfootSettings) -> None:
    """Raise an error if the points cannot be two legs side by side.

    Raises:
        NotLegs: One of `coinciding_markers`, `segment_ratio`, `leg_ratio`, `legs_overlap` or `legs_not_side_by_side`.
    """
    segments = np.linalg.norm(np.diff(legs.points, axis=1), axis=-1)
    if segments.min() == 0:
        raise NotLegs(Reason.COINCIDING_MARKERS, "two neighbouring markers of a leg are at the same place")
    for side, (upper, lower) in zip(("left", "right"), segments, strict=True):
        ratio = max(upper, lower) / min(upper, lower)
        if ratio > settings.max_segment_ratio:
            observed = (
                f"the {side} leg's segments are {upper:.1f} and {lower:.1f} px long, one {ratio:.1f} times the other"
            )
            raise NotLegs(Reason.SEGMENT_RATIO, f"{observed}; at most {settings.max_segment_ratio:g} is plausible")
    lengths = segments.sum(axis=1)
    if lengths.max() / lengths.min() > settings.max_leg_ratio:
        observed = f"the legs are {lengths[0]:.1f} and {lengths[1]:.1f} px long"
        raise NotLegs(Reason.LEG_RATIO, f"{observed}; at most {settings.max_leg_ratio:g} times the other is plausible")
    nearest = np.linalg.norm(legs.points[0][:, None] - legs.points[1][None], axis=-1).min()
    if nearest < settings.min_leg_distance * lengths.max():
        raise NotLegs(Reason.LEGS_OVERLAP, f"two markers of different legs are only {nearest:.1f} px apart")
    heights = legs.points[:, [0, 2], 1].mean(axis=1)
    offset = abs(heights[0] - heights[1]) / lengths.max()
    if offset > settings.max_leg_offset:
        observed = f"one leg is {offset:.2f} leg lengths above the other, not beside it"
        raise NotLegs(Reason.LEGS_NOT_SIDE_BY_SIDE, f"{observed}; at most {settings.max_leg_offset:g} is plausible")
