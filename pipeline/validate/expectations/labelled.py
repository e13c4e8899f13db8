"""Expectation that every keypoint has enough labels."""

from typing import Annotated

from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays


class KeypointsLabelled(Check):
    """Every keypoint is labelled in enough images to be learnt."""

    at_least: Annotated[float, Field(gt=0, le=1, description="share of the images")] = 0.1

    def find(self, labels: LabelArrays) -> Findings:
        """Report every keypoint that is labelled in less than a share `at_least` of the images."""
        items = []
        for name, count in zip(labels.problem.keypoints, labels.labelled.sum(axis=0).tolist(), strict=True):
            if count < self.at_least * len(labels):
                found = f"labelled in {count} of {len(labels)} images"
                suggestion = "label it in more images, or take it out of problem.keypoints"
                items.append(Finding(None, name, found, f"in at least {self.at_least:.0%} of them", suggestion))
        return Findings(len(labels.problem.keypoints), "keypoints", items)
