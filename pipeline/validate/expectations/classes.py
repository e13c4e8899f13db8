"""Expectations for problems with classes: enough instances of each class, and boxes that lie in the image."""

from typing import Annotated

from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class ClassesLabelled(Check):
    """Every instance has a class, and every class has enough instances to be learnt and tested."""

    at_least: Annotated[int, Field(ge=1, description="instances of each class")] = 10

    def find(self, labels: LabelArrays) -> Findings:
        """Report every instance without a known class and every class with fewer than `at_least` instances."""
        classes = labels.problem.classes
        items = []
        for row, name in enumerate(labels.category):
            if classes and name not in classes:
                items.append(Finding(row, "", f"class {name!r}", f"one of {', '.join(classes)}", "label the class"))
        for name in classes:
            count = int((labels.category == name).sum())
            if count < self.at_least:
                found, expected = f"{name}: {count} instances", f"at least {self.at_least}"
                items.append(
                    Finding(None, "", found, expected, "label more of them, or take it out of problem.classes")
                )
        return Findings(len(labels), "instances", items)


class BoxesInImage(Check):
    """Every box has a size and lies in its image."""

    tolerance_px: Annotated[float, Field(ge=0, description="accepted distance outside")] = 1.0

    def find(self, labels: LabelArrays) -> Findings:
        """Report every box that has no size or reaches out of its image by more than `tolerance_px`."""
        low, high = labels.boxes[:, :2], labels.boxes[:, :2] + labels.boxes[:, 2:]
        slack = 0.5 + self.tolerance_px
        inside = (low >= -slack).all(axis=1) & (high <= labels.size - 1 + slack).all(axis=1)
        sound = inside & (labels.boxes[:, 2:] > 0).all(axis=1)
        items = []
        for row in (~sound).nonzero()[0].tolist():
            x, y, width, height = labels.boxes[row]
            found = f"box x {x:.1f}..{x + width:.1f}, y {y:.1f}..{y + height:.1f}"
            expected = f"within {labels.size[row, 0]}x{labels.size[row, 1]} pixels, with a width and height above 0"
            items.append(Finding(row, "", found, expected, "correct the box"))
        return Findings(len(labels), "boxes", items)
