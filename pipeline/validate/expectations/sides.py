"""Left and right."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from pipeline.validate.body import body_length
from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays
from pipeline.validate.robust import nanmedian

# a majority is only believed from so many images and from such a share of them
_ENOUGH, _CLEAR = 5, 0.8


class LeftRightNotSwapped(Check):
    """Left and right keypoints are on their usual sides.

    Sides are of the image, or of the body's axis where `axis` names its upper and lower keypoint. What is usual is
    said by `first`, or found: the side on which a subject's images clearly agree, else all images.
    """

    first: Annotated[
        Literal["left", "right", "majority"],
        Field(description="side of the image on which the first of each flip pair lies"),
    ] = "majority"
    axis: Annotated[tuple[str, str] | None, Field(description="keypoints at the upper and lower end of the body")] = (
        None
    )
    tolerance: Annotated[float, Field(ge=0, description="so far on the wrong side is accepted, body lengths")] = 0.1

    def named(self) -> Iterator[tuple[str, str]]:
        """See `Check.named`."""
        yield from (("axis", name) for name in self.axis or ())

    def find(self, labels: LabelArrays) -> Findings:
        """See `Check.find`."""
        pairs = labels.problem.flip_pairs
        if not pairs:
            return Findings(0, "left-right pairs")
        offset = self._to_the_right(labels)
        usual = self._usual(labels, offset)
        with np.errstate(invalid="ignore"):
            wrong = offset * usual < -self.tolerance
        items = []
        for row in wrong.any(axis=1).nonzero()[0].tolist():
            judged = np.isfinite(offset[row]) & (usual[row] != 0)
            everything = bool(wrong[row][judged].all()) and judged.sum() > 1
            for p in wrong[row].nonzero()[0].tolist():
                first, second = pairs[p]
                side, other = ("right", "left") if offset[row, p] < 0 else ("left", "right")
                suggestion = (
                    "swap left and right of the whole image" if everything else f"swap {first} and {second} if so"
                )
                found = f"{first} to the {side} of {second} by {abs(offset[row, p]):.2f} body lengths"
                items.append(Finding(row, f"{first}, {second}", found, f"{first} to the {other}", suggestion))
        return Findings(int(np.isfinite(offset).sum()), "left-right pairs", items)

    def _to_the_right(self, labels: LabelArrays) -> Float[np.ndarray, "N P"]:
        """How far the second of each pair lies to the right of the first, in body lengths."""
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
        """Sign that each offset should have: 1 when the first lies left, -1 when right, 0 when nothing is usual."""
        if self.first != "majority":
            return np.full_like(offset, 1.0 if self.first == "left" else -1.0)
        everyone = _majority(offset)
        usual = np.empty_like(offset)
        for rows in labels.subjects.values():
            own = _majority(offset[rows])
            usual[rows] = np.where(own != 0, own, everyone)
        return usual


def _majority(offset: Float[np.ndarray, "N P"]) -> Float[np.ndarray, " P"]:
    """Sign of each column's clear majority; 0 where there is none."""
    known = np.isfinite(offset).sum(axis=0)
    share = np.maximum((offset > 0).sum(axis=0), (offset < 0).sum(axis=0)) / np.maximum(known, 1)
    sign = np.nan_to_num(np.sign(nanmedian(offset, axis=0)))
    return np.where((known >= _ENOUGH) & (share >= _CLEAR), sign, 0.0)
