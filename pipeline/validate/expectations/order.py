"""Expectation that the markers of a limb are in order."""

from collections.abc import Iterator
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class OrderedTopToBottom(Check):
    """The markers of each group stand in order, from the top of the image to the bottom."""

    groups: Annotated[
        tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...],
        Field(min_length=1, description="lists of keypoints, each from top to bottom"),
    ]
    at_least_px: Annotated[float, Field(ge=0, description="smallest distance below the marker before it")] = 0.0

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        for group in self.groups:
            if len(set(group)) != len(group):
                raise ValueError(f"groups names a keypoint twice in {list(group)}")
        return self

    def named_keypoints(self) -> Iterator[tuple[str, str]]:
        """Yield the keypoints of all groups."""
        yield from (("groups", name) for group in self.groups for name in group)

    def find(self, labels: LabelArrays) -> Findings:
        """Report every marker that is not at least `at_least_px` below the marker before it in its group."""
        checked, items = 0, []
        for group in self.groups:
            above_y = labels.of(group[0])[:, 1].copy()
            above = np.full(len(labels), group[0], dtype=object)
            for name in group[1:]:
                y = labels.of(name)[:, 1]
                checked += int((np.isfinite(y) & np.isfinite(above_y)).sum())
                with np.errstate(invalid="ignore"):
                    wrong = y - above_y <= self.at_least_px
                for row in wrong.nonzero()[0].tolist():
                    found = f"y {y[row]:.1f}, {above[row]} at y {above_y[row]:.1f}"
                    expected = f"{above[row]} above {name}"
                    suggestion = "look at both markers; they may have been swapped"
                    items.append(Finding(row, f"{above[row]}, {name}", found, expected, suggestion))
                # where a marker is missing, the next one is compared with the last labelled one
                labelled = np.isfinite(y)
                above_y[labelled], above[labelled] = y[labelled], name
        items.sort(key=lambda item: item.row or 0)
        return Findings(checked, "pairs of markers", items)
