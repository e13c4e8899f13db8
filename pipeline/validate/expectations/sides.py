"""Expectation that left and right keypoints are not swapped."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from pipeline.validate.body import body_length
from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays
from pipeline.validate.robust import nanmedian

# smallest number of images and smallest share of them that make a majority
_MIN_IMAGES, _MIN_SHARE = 5, 0.8


class LeftRightNotSwapped(Check):
    """Left and right keypoints are on their usual sides.

    Sides are those of the image, or of the body's axis if `axis` names its upper and lower keypoint. The usual side is
    set by `first`. With `majority` it is the side on which a clear majority of the subject's images agree, or of all
    images if the subject has no clear majority.
    """

    first: Annotated[
        Literal["left", "right", "majority"],
        Field(description="side of the image on which the first of each flip pair lies"),
    ] = "majority"
    axis: Annotated[tuple[str, str] | None, Field(description="keypoints at the upper and lower end of the body")] = (
        None
    )
    tolerance: Annotated[float, Field(ge=0, description="accepted distance on the wrong side, body lengths")] = 0.1

    def named_keypoints(self) -> Iterator[tuple[str, str]]:
        """Yield the keypoints of the axis."""
        yield from (("axis", name) for name in self.axis or ())

    def find(self, labels: LabelArrays) -> Findings:
        """Report every left-right pair whose keypoints lie on the wrong sides."""
        pairs = labels.problem.flip_pairs
        if not pairs:
            return Findings(0, "left-right pairs")
        offset = self._to_the_right(labels)
        usual = self._usual(labels, offset)
        with np.errstate(invalid="ignore"):
            wrong = offset * usual < -self.tolerance
        items = []
        for row in wrong.any(axis=1).nonzero()[0].tolist():
            comparable = np.isfinite(offset[row]) & (usual[row] != 0)
            all_wrong = bool(wrong[row][comparable].all()) and comparable.sum() > 1
            for p in wrong[row].nonzero()[0].tolist():
                first, second = pairs[p]
                side, usual_side = ("right", "left") if offset[row, p] < 0 else ("left", "right")
                suggestion = (
                    "swap left and right of the whole image"
                    if all_wrong
                    else f"swap {first} and {second} if they are mixed up"
                )
                found = f"{first} to the {side} of {second} by {abs(offset[row, p]):.2f} body lengths"
                items.append(Finding(row, f"{first}, {second}", found, f"{first} to the {usual_side}", suggestion))
        return Findings(int(np.isfinite(offset).sum()), "left-right pairs", items)

    def _to_the_right(self, labels: LabelArrays) -> Float[np.ndarray, "N P"]:
        """Return the distance of the second of each pair to the right of the first, in body lengths."""
        down = np.tile([0.0, 1.0], (len(labels), 1))
        if self.axis:
            down = labels.of(self.axis[1]) - labels.of(self.axis[0])
            with np.errstate(invalid="ignore"):
                down /= np.linalg.norm(down, axis=1, keepdims=True)
        right = np.stack([down[:, 1], -down[:, 0]], axis=1)
        scale = body_length(labels)
        columns = [((labels.of(b) - labels.of(a)) * right).sum(axis=1) / scale for a, b in labels.problem.flip_pairs]
        return np.stack(columns, axis=1)

    def _usual(self, labels: LabelArrays, offset: Float[np.ndarray, "N P"]) -> Float[np.ndarray, "N P"]:
        """Return the usual sign of each offset: 1 if the first lies left, -1 if right, 0 if no side is usual."""
        if self.first != "majority":
            return np.full_like(offset, 1.0 if self.first == "left" else -1.0)
        everyone = _majority(offset)
        usual = np.empty_like(offset)
        for rows in labels.subjects.values():
            own = _majority(offset[rows])
            usual[rows] = np.where(own != 0, own, everyone)
        return usual


def _majority(offset: Float[np.ndarray, "N P"]) -> Float[np.ndarray, " P"]:
    """Return the sign of each column's clear majority; 0 without one."""
    known = np.isfinite(offset).sum(axis=0)
    share = np.maximum((offset > 0).sum(axis=0), (offset < 0).sum(axis=0)) / np.maximum(known, 1)
    sign = np.nan_to_num(np.sign(nanmedian(offset, axis=0)))
    return np.where((known >= _MIN_IMAGES) & (share >= _MIN_SHARE), sign, 0.0)
