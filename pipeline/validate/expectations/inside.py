"""Expectations that keypoints lie in their image and in their box."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings, show_point
from pipeline.validate.labels import LabelArrays


class KeypointsInImage(Check):
    """Every labelled keypoint lies in its image."""

    tolerance_px: Annotated[float, Field(ge=0, description="accepted distance outside")] = 0.0

    def find(self, labels: LabelArrays) -> Findings:
        """Report every labelled keypoint outside its image."""
        # the image covers half a pixel on each side of the outermost pixel centres
        slack = 0.5 + self.tolerance_px
        labelled = labels.visibility > 0
        with np.errstate(invalid="ignore"):
            inside = (labels.xy >= -slack).all(-1) & (labels.xy <= labels.size[:, None] - 1 + slack).all(-1)
        items = []
        for row, k in np.argwhere(labelled & ~inside).tolist():
            width, height = labels.size[row]
            expected = f"x in 0..{width - 1}, y in 0..{height - 1}"
            name = labels.problem.keypoints[k]
            suggestion = "correct the point, or leave it unlabelled if it is not in the picture"
            items.append(Finding(row, name, show_point(labels.xy[row, k]), expected, suggestion))
        return Findings(int(labelled.sum()), "keypoints", items)


class KeypointsInBox(Check):
    """Every box has a size, and every labelled keypoint lies in its box."""

    tolerance_px: Annotated[float, Field(ge=0, description="accepted distance outside")] = 0.5

    def find(self, labels: LabelArrays) -> Findings:
        """Report every box without a size and every labelled keypoint outside its box."""
        start, extent = labels.boxes[:, None, :2], labels.boxes[:, None, 2:]
        sound = np.isfinite(labels.boxes).all(axis=1) & (labels.boxes[:, 2:] > 0).all(axis=1)
        with np.errstate(invalid="ignore"):
            beyond = np.maximum(start - labels.points, labels.points - (start + extent)).max(-1)
        items = []
        for row in (~sound).nonzero()[0].tolist():
            items.append(Finding(row, "", f"box {_show(labels, row)}", "a width and height above 0", "draw the box"))
        for row, k in np.argwhere(sound[:, None] & (beyond > self.tolerance_px)).tolist():
            found = f"{show_point(labels.xy[row, k])}, {beyond[row, k]:.1f} px outside"
            suggestion = "correct the point or the box"
            name = labels.problem.keypoints[k]
            items.append(Finding(row, name, found, f"in the box {_show(labels, row)}", suggestion))
        items.sort(key=lambda item: item.row or 0)
        return Findings(int(labels.labelled.sum()), "keypoints", items)


def _show(labels: LabelArrays, row: int) -> str:
    x, y, width, height = labels.boxes[row]
    return f"x {x:.1f}..{x + width:.1f}, y {y:.1f}..{y + height:.1f}"
