"""The arrangement of keypoints over the frames of a video, in numbers that do not depend on the resolution."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.monitor.wire import GeometryWire
from heelstrike.rounding import round_number

_BONES, _DIGITS = 12, 4
_FEWEST, _DIFFERENT = 6, 0.03  # sizes of parts, and their standard deviation by the mean, that a slope needs
_LIFTED = 0.001  # smallest standard deviation of what a second slope is from, by the parts' size


@dataclass(frozen=True)
class Arrangement:
    """Keypoints of N frames.

    Attributes:
        points: (N, K, 2), (x, y) in the picture's pixels.
        present: (N, K), True for a keypoint that is there.
        size: Width and height of the picture, pixels.
    """

    points: Float[np.ndarray, "N K 2"]
    present: Bool[np.ndarray, "N K"]
    size: tuple[int, int]

    @cached_property
    def corners(self) -> Float[np.ndarray, "2 N 2"]:
        """Least and largest coordinates of each frame's keypoints; NaN for a frame with fewer than two."""
        enough = (self.present.sum(axis=1) >= 2)[:, None, None]
        shown = self.present[..., None] & enough
        low = np.where(shown, self.points, np.inf).min(axis=1)
        high = np.where(shown, self.points, -np.inf).max(axis=1)
        return np.where(enough[:, 0], np.stack([low, high]), np.nan)

    @property
    def span(self) -> Float[np.ndarray, " N"]:
        """Larger side of the rectangle around each frame's keypoints, pixels; NaN where it is unknown or 0."""
        side = (self.corners[1] - self.corners[0]).max(axis=1)
        return np.where(side > 0, side, np.nan)

    def relative(self, radii: Float[np.ndarray, "N K"] | None) -> Float[np.ndarray, "N K"] | None:
        """Return the radii of present keypoints as a share of the span; NaN for others."""
        return None if radii is None else np.where(self.present, radii / self.span[:, None], np.nan)


def geometry_of(arrangement: Arrangement, skeleton: tuple[tuple[int, int], ...]) -> GeometryWire:
    """Return the medians over all frames.

    Args:
        arrangement: The keypoints.
        skeleton: Pairs of keypoint numbers from 1, as in COCO.
    """
    low, high = arrangement.corners
    span = arrangement.span
    width, height = arrangement.size
    middle = (low + high) / 2
    bones = np.array(skeleton, int).reshape(-1, 2) - 1
    both = np.asarray(arrangement.present[:, bones].all(axis=2))
    along = arrangement.points[:, bones[:, 1]] - arrangement.points[:, bones[:, 0]]
    along = np.where(both[..., None], along, np.nan) / span[:, None, None]
    lengths = np.linalg.norm(along, axis=2)
    across, down = _median(along[..., 0]), _median(along[..., 1])
    rise, foreshortening = _camera(arrangement.points, arrangement.present, bones)
    return GeometryWire(
        span=_rounded(_median(span / height)),
        x=_rounded(_median((middle[:, 0] + 0.5) / width)),
        y=_rounded(_median((middle[:, 1] + 0.5) / height)),
        tilt=_rounded(float(np.degrees(np.arctan2(-across, down)))),
        aspect=_rounded(_median((high - low)[:, 0] / span)),
        rise=_rounded(rise),
        foreshortening=_rounded(foreshortening),
        bones=tuple(_rounded(_median(lengths[:, bone])) for bone in range(min(len(bones), _BONES))),
    )


def _camera(
    points: Float[np.ndarray, "N K 2"], present: Bool[np.ndarray, "N K"], bones: Int[np.ndarray, "B 2"]
) -> tuple[float, float]:
    """Return what shows the height of the camera above the parts of the skeleton, over parts and frames.

    What stands on the floor nearer to a camera looks larger and is further down, the more so the higher the camera is:
    for a pinhole camera that looks ahead, the slope is the height of the camera above the part by the part's size. A
    part that is lifted is bent, and how much shorter each of its bones looks by that depends on how steeply the camera
    looks down on it. Both are NaN if there are too few whole parts, or their sizes hardly differ.

    Returns:
        How much further down a part is per pixel that it is larger; and, of parts of one size, how much larger the
        share of the first bone is of a part that is further down by its size (NaN if all parts have the same share).
    """
    places, sizes, shares = list[float](), list[float](), list[float]()
    for part in _parts(bones):
        whole = present[:, np.unique(part)].all(axis=1)
        ends = points[whole][:, part]
        lengths = np.linalg.norm(ends[:, :, 1] - ends[:, :, 0], axis=2)
        sizes += lengths.sum(axis=1).tolist()
        shares += (lengths[:, 0] / np.maximum(lengths.sum(axis=1), 1e-9)).tolist()
        places += points[whole][:, np.unique(part), 1].mean(axis=1).tolist()
    size, place, share = np.array(sizes), np.array(places), np.array(shares)
    if len(size) < _FEWEST or size.std() <= _DIFFERENT * size.mean():
        return float("nan"), float("nan")
    size, place = size / size.mean(), place / size.mean()
    away = size - 1
    rise = float((away * place).sum() / (away**2).sum())
    lifted = place - place.mean() - rise * away  # by how much a part is further down than its size says
    if lifted.std() <= _LIFTED or share.std() <= _LIFTED:
        return rise, float("nan")
    return rise, float((lifted * share).sum() / (lifted**2).sum())


def _parts(bones: Int[np.ndarray, "B 2"]) -> list[Int[np.ndarray, "b 2"]]:
    """Return the bones of each part of the skeleton that hangs together, in the skeleton's order for a chain."""
    parts = list[list[list[int]]]()
    for bone in bones.tolist():
        touching = [part for part in parts if {*bone} & {end for other in part for end in other}]
        parts = [part for part in parts if part not in touching] + [[*(one for part in touching for one in part), bone]]
    return [np.array(part) for part in parts]


def _median(values: Float[np.ndarray, "*n"]) -> float:
    """Return the median of what is not NaN; NaN if there is nothing."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _rounded(value: float) -> float | None:
    return round_number(value, _DIGITS)
