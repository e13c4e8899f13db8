"""Counts of what a package answered on the pictures of one kind."""

import math
from typing import Self

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure
from heelstrike.predict.frames import FrameResult
from heelstrike.settings import Strict
from pipeline.package.disturbed.pictures import Picture

_NEAR, _FAR = 2.0, 20.0  # pixels of the undisturbed picture


class Tally(Strict):
    """Counts over pictures of one kind, or over several tallies.

    Attributes:
        pictures: Number of pictures.
        visible: Keypoints that are labelled and lie inside the picture.
        found: Those of them that the package calls found, by its threshold of confidence.
        near: Those of the found ones that are within 2 px, in pixels of the undisturbed picture.
        far: Those of the found ones that are more than 20 px away.
        absent: Keypoints that are not visible.
        called_present: Those of them that the package calls found.
        measured: Pictures that were measured.
        off: Measured pictures that have a wrong main value, and all measured pictures without an instance.
        uncovered: Those of them whose half-width does not cover the error.
        over_hidden: Measured pictures in which a keypoint is not visible.
        reasons: Number of pictures that were not measured, by reason.
    """

    pictures: int = 0
    visible: int = 0
    found: int = 0
    near: int = 0
    far: int = 0
    absent: int = 0
    called_present: int = 0
    measured: int = 0
    off: int = 0
    uncovered: int = 0
    over_hidden: int = 0
    reasons: dict[str, int] = {}

    def __add__(self, other: Self) -> "Tally":
        """Return the counts of both."""
        names = [name for name in Tally.model_fields if name != "reasons"]
        counts = {name: getattr(self, name) + getattr(other, name) for name in names}
        codes = sorted({*self.reasons, *other.reasons})
        reasons = {code: self.reasons.get(code, 0) + other.reasons.get(code, 0) for code in codes}
        return Tally(**counts, reasons=reasons)

    @property
    def shares(self) -> dict[str, float]:
        """Every share by its name; NaN where nothing is to be counted."""
        return {
            "found_share": _share(self.found, self.visible),
            "near_share": _share(self.near, self.found),
            "far_share": _share(self.far, self.found),
            "called_present_share": _share(self.called_present, self.absent),
            "measured_share": _share(self.measured, self.pictures),
            "off_share": _share(self.off, self.measured),
            "uncovered_share": _share(self.uncovered, self.measured),
        }


def tally_of(
    picture: Picture,
    result: FrameResult,
    measure: Measure,
    limit: float,
    threshold: float,
    mm_per_px: float = math.nan,
) -> Tally:
    """Count one picture.

    Args:
        picture: The picture with its truth.
        result: What the package answered.
        measure: The package's measure.
        limit: Largest error of a main value that is not wrong, in the measure's unit.
        threshold: A keypoint of lower confidence counts as missing.
        mm_per_px: Side of a pixel of this picture in millimetres; NaN if unknown.
    """
    assert result.keypoints is not None
    assert result.confidence is not None
    visible, called = picture.visible, result.confidence >= threshold
    away = np.linalg.norm(result.keypoints - picture.points, axis=1) / picture.scale
    found = visible & called
    off, uncovered = _judged(picture, result, measure, limit, mm_per_px) if result.measured else (False, False)
    return Tally(
        pictures=1,
        visible=int(visible.sum()),
        found=int(found.sum()),
        near=int((found & (away < _NEAR)).sum()),
        far=int((found & (away > _FAR)).sum()),
        absent=int((~visible).sum()),
        called_present=int((~visible & called).sum()),
        measured=int(result.measured),
        off=int(off),
        uncovered=int(uncovered),
        over_hidden=int(result.measured and not visible.all()),
        reasons={} if result.measured else {str(result.reason): 1},
    )


def _judged(
    picture: Picture, result: FrameResult, measure: Measure, limit: float, mm_per_px: float
) -> tuple[bool, bool]:
    """Return whether a main value is wrong, and whether it is off by more than its half-width as well.

    A package without half-widths says that its values are exact. A value whose truth is not labelled is not judged,
    unless nothing at all is visible: then whatever is measured is wrong.
    """
    if not picture.visible.any():
        return True, True
    assert result.keypoints is not None
    errors, widths = errors_of(picture.points, result, measure, mm_per_px)
    wrong = errors > limit
    return bool(wrong.any()), bool((wrong & (errors > widths)).any())


def errors_of(
    truth: Float[np.ndarray, "K 2"], result: FrameResult, measure: Measure, mm_per_px: float = math.nan
) -> tuple[Float[np.ndarray, " Q"], Float[np.ndarray, " Q"]]:
    """Return error and half-width of the main quantities of a measured picture; 0 without a half-width.

    Args:
        truth: True keypoints in pixels; NaN where unknown, which gives an error of NaN.
        result: A picture that was measured.
        measure: The measure that measured it.
        mm_per_px: Side of a pixel in millimetres; NaN if unknown.
    """
    assert result.keypoints is not None
    scale = np.array([mm_per_px])
    main = np.array(measure.units) == measure.unit
    true = measure.values(truth[None], scale)[0]
    named = measure.differences(result.keypoints[None], truth[None], scale)[0]
    # a value may belong to other keypoints than those of its name, for instance after the legs were told apart
    own = np.array([result.values.get(name, np.nan) for name in measure.quantities])
    apart = np.where(np.isclose(measure.values(result.keypoints[None], scale)[0], own), named, own - true)
    widths = np.array([result.half_widths.get(name, 0.0) for name in measure.quantities])
    return np.abs(apart)[main], widths[main]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
