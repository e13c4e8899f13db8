"""Lengths between keypoints that belong together."""

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

    A person who walks away gets smaller: each image's lengths are divided by its own scale (the median over its
    segments and those of the neighbouring labelled frames) before a subject's images are compared, as logarithms,
    with the subject's median and MAD. A segment that turns towards the camera gets shorter but never longer: set
    `shortest` by how far that goes.
    """

    segments: Annotated[tuple[tuple[str, str], ...], Field(description="none: problem.skeleton")] = ()
    sigmas: Annotated[float, Field(gt=0, description="limit, in robust standard deviations of the subject")] = 6.0
    longest: Annotated[float, Field(gt=1, description="up to so many times the usual is never reported")] = 1.35
    shortest: Annotated[float, Field(gt=0, lt=1, description="so much of the usual or more is never reported")] = 0.5
    min_images: Annotated[int, Field(ge=3, description="a subject with fewer is compared with all subjects")] = 8

    def named(self) -> Iterator[tuple[str, str]]:
        """See `Check.named`."""
        yield from (("segments", name) for segment in self.segments for name in segment)

    def find(self, labels: LabelArrays) -> Findings:
        """See `Check.find`."""
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
