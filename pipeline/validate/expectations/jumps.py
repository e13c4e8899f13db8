"""Expectation that no keypoint jumps between neighbouring labelled frames of a video."""

from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from pipeline.validate.body import body_length
from pipeline.validate.check import Check, Finding, Findings, show_point
from pipeline.validate.labels import LabelArrays
from pipeline.validate.robust import centre_and_sigma


class NoJumps(Check):
    """No keypoint moves implausibly fast between neighbouring labelled frames of a video.

    Speed is in body lengths (the typical skeleton segment, or the box's side without a skeleton) per second, so that it
    means the same near the camera and far from it. Each keypoint has its own limit, a robust one over all videos.
    """

    sigmas: Annotated[float, Field(gt=0, description="limit above the median, in robust standard deviations")] = 7.0
    at_least: Annotated[float, Field(gt=0, description="speeds up to this are accepted, body lengths per second")] = 3.0
    max_gap_s: Annotated[float, Field(gt=0, description="frames further apart are not neighbours")] = 1.0
    fps: Annotated[float, Field(gt=0, description="assumed where the labels have no time stamps")] = 30.0

    def find(self, labels: LabelArrays) -> Findings:
        """Report the first of the fast movements that lead to a misplaced keypoint and back."""
        before, after, seconds = self._neighbours(labels)
        scale = body_length(labels)
        moved = np.linalg.norm(labels.points[after] - labels.points[before], axis=-1)
        speed = moved / (0.5 * (scale[before] + scale[after]) * seconds)[:, None]
        centre, sigma = centre_and_sigma(speed)
        limit = np.maximum(centre + self.sigmas * sigma, self.at_least)
        with np.errstate(invalid="ignore"):
            fast = speed > limit
        items = []
        for edge, k in np.argwhere(_to_blame(fast, before, after)).tolist():
            row, previous = int(after[edge]), int(before[edge])
            found = (
                f"{speed[edge, k]:.1f} body lengths per second: {show_point(labels.xy[row, k])} here, "
                f"{show_point(labels.xy[previous, k])} in frame {labels.frame[previous]}"
            )
            expected = f"at most {limit[k]:.1f}"
            suggestion = f"look at frames {labels.frame[previous]} and {labels.frame[row]}"
            items.append(Finding(row, labels.problem.keypoints[k], found, expected, suggestion))
        items.sort(key=lambda item: item.row or 0)
        return Findings(int(np.isfinite(speed).sum()), "movements", items)

    def _neighbours(
        self, labels: LabelArrays
    ) -> tuple[Int[np.ndarray, " E"], Int[np.ndarray, " E"], Float[np.ndarray, " E"]]:
        """Return the rows before and after each step between neighbouring labelled frames, and its seconds."""
        if not labels.tracks:
            return np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0)
        before = np.concatenate([track[:-1] for track in labels.tracks])
        after = np.concatenate([track[1:] for track in labels.tracks])
        stamps = labels.time_s[after] - labels.time_s[before]
        frames = labels.frame[after] - labels.frame[before]
        seconds = np.where(np.isfinite(stamps), stamps, frames / self.fps)
        use = (seconds > 0) & (seconds <= self.max_gap_s)
        return before[use], after[use], seconds[use]


def _to_blame(
    fast: Bool[np.ndarray, "E K"], before: Int[np.ndarray, " E"], after: Int[np.ndarray, " E"]
) -> Bool[np.ndarray, "E K"]:
    """Return the steps to report. A point that jumps away and back makes two fast steps; the first one leads to it."""
    follows = np.zeros_like(fast)
    follows[1:] = fast[:-1] & (after[:-1] == before[1:])[:, None]
    # in a run of fast steps, every second one leads back
    blame = fast.copy()
    for edge in np.flatnonzero(follows.any(axis=1)).tolist():
        blame[edge] &= ~(follows[edge] & blame[edge - 1])
    return blame
