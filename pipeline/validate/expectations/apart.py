"""Expectation that no two keypoints are in the same place."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings, show_point
from pipeline.validate.labels import LabelArrays


class KeypointsApart(Check):
    """No two keypoints of an instance are in the same place."""

    at_least_px: Annotated[float, Field(gt=0, description="points nearer than this are in the same place")] = 1.0

    def find(self, labels: LabelArrays) -> Findings:
        """Report every pair of keypoints that is nearer than `at_least_px`."""
        names, checked, items = labels.problem.keypoints, 0, []
        for first in range(len(names)):
            apart = np.linalg.norm(labels.points[:, first + 1 :] - labels.points[:, first, None], axis=-1)
            checked += int(np.isfinite(apart).sum())
            with np.errstate(invalid="ignore"):
                same = np.argwhere(apart < self.at_least_px)
            for row, offset in same.tolist():
                pair = f"{names[first]}, {names[first + 1 + offset]}"
                found = f"both at {show_point(labels.xy[row, first])}"
                items.append(
                    Finding(row, pair, found, f"at least {self.at_least_px:g} px apart", "correct one of them")
                )
        items.sort(key=lambda item: item.row or 0)
        return Findings(checked, "pairs of keypoints", items)
