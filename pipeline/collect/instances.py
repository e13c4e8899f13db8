"""One instance an image, and one point a name: checked for every reader."""

from typing import TypeVar

import numpy as np

from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels
from pipeline.problem import Problem

Point = TypeVar("Point")


def add_point(points: dict[str, Point], name: str, point: Point, where: str, findings: Findings) -> None:
    """Add a point to the points of one instance; add a finding if the instance has a point of this name.

    Args:
        points: Points of the instance by name.
        name: The point's name.
        point: The point.
        where: Name of the instance in messages, for instance "image 3 (a.png)".
        findings: Gets the finding.
    """
    if name in points:
        findings.add(f"{where} labels {name} twice; remove one, or label two instances as such")
    else:
        points[name] = point


def refuse_several(labels: Labels, problem: Problem, findings: Findings) -> None:
    """Add a finding for each image with several instances, if the problem's networks find one in an image."""
    if problem.multi_instance or labels.table.empty:
        return
    for _, rows in labels.table.groupby(["media", "frame"], sort=False):
        media, frame = rows["media"].iloc[0], rows["frame"].iloc[0]
        count = -(-len(rows) // labels.truths)
        if count > 1:
            at = f", frame {frame}" if frame >= 0 else ""
            where = ", ".join(rows["source"].iloc[:: labels.truths].head(5))
            findings.add(
                f"{media}{at}: {count} instances are labelled ({where}), but a network of this problem finds one; keep "
                "the labels of one, or give each its own image, cut out of this one"
            )


def repeated_names(names: list[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    values, counts = np.unique(np.array(names, dtype=str), return_counts=True)
    return [str(value) for value in values[counts > 1]]
