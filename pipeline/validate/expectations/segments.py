"""Expectation that distances between neighbouring keypoints are plausible."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.validate.body import image_scale, segment_lengths
from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays
from pipeline.validate.robust import centre_and_sigma

# with fewer segments in an image, one wrong segment would itself set the scale
_LEAST_FOR_SCALE = 3


class SegmentLengths(Check):
    """The distance between neighbouring keypoints is usual for its subject.

    A person who walks away gets smaller, so each image's lengths are divided by its own scale (the median over its
    segments and those of the neighbouring labelled frames). Then the logarithms of a subject's lengths are compared
    with the subject's median and MAD. A segment that turns towards the camera gets shorter but never longer; set
    `shortest` to the shortest that this can make it.
    """

    segments: Annotated[tuple[tuple[str, str], ...], Field(description="empty: problem.skeleton")] = ()
    sigmas: Annotated[float, Field(gt=0, description="limit, in robust standard deviations of the subject")] = 6.0
    longest: Annotated[float, Field(gt=1, description="ratios to the usual length up to this are accepted")] = 1.35
    shortest: Annotated[float, Field(gt=0, lt=1, description="ratios down to this are accepted")] = 0.5
    min_images: Annotated[int, Field(ge=3, description="with fewer, a subject is compared with all subjects")] = 8

    def named_keypoints(self) -> Iterator[tuple[str, str]]:
        """Yield the keypoints of all segments."""
        yield from (("segments", name) for segment in self.segments for name in segment)

    def find(self, labels: LabelArrays) -> Findings:
        """Report every segment whose length is unusual for its subject."""
        segments = self.segments or labels.problem.skeleton
        lengths = segment_lengths(labels, segments)
        if not lengths.size:
            return Findings(0, "segments")
        logs = np.log(lengths)
        residual = logs - np.nan_to_num(image_scale(labels, logs, _LEAST_FOR_SCALE))[:, None]
        centre, sigma = np.empty_like(residual), np.empty_like(residual)
        everyone = centre_and_sigma(residual)
        for rows in labels.subjects.values():
            own = residual[rows]
            few = np.isfinite(own).sum(axis=0) < self.min_images
            subject_centre, subject_sigma = centre_and_sigma(own)
            centre[rows] = np.where(few, everyone[0], subject_centre)
            sigma[rows] = np.where(few, everyone[1], subject_sigma)
        with np.errstate(invalid="ignore"):
            beyond = residual - centre
            wrong = beyond > np.maximum(self.sigmas * sigma, np.log(self.longest))
            wrong |= beyond < np.minimum(-self.sigmas * sigma, np.log(self.shortest))
        items = []
        for row, s in np.argwhere(wrong).tolist():
            ratio = float(np.exp(residual[row, s] - centre[row, s]))
            usual = lengths[row, s] / ratio
            found = f"{lengths[row, s]:.1f} px, {ratio:.2f} times the usual"
            expected = f"about {usual:.1f} px in this image"
            items.append(Finding(row, ", ".join(segments[s]), found, expected, "look at both points"))
        return Findings(int(np.isfinite(lengths).sum()), "segments", items)
