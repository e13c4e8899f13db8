"""The size of a DICOM image's pixels in the patient."""

import math
from typing import NamedTuple

_PIXEL_SPACING, _CALIBRATION = "0028|0030", "0028|0a02"
_IMAGER_SPACING, _SCANNED_SPACING = "0018|1164", "0018|2010"
_ASPECT = "0028|0034"
_MAGNIFICATION, _TO_DETECTOR, _TO_PATIENT = "0018|1114", "0018|1110", "0018|1111"
_MOST_MAGNIFIED = 20.0  # more is not a radiograph of a person; less than 1 is not possible


class Spacing(NamedTuple):
    """Distances of the centres of neighbouring pixels in millimetres.

    Attributes:
        down: Distance of rows; NaN if it is unknown.
        across: Distance of columns; NaN if it is unknown.
        unknown: Why the file has numbers for the distances, but they are not those in the patient; empty otherwise.
        aspect: Height and width of a pixel in any unit, as far as the file states them beside the distances.
    """

    down: float
    across: float
    unknown: str = ""
    aspect: tuple[float, float] = (1.0, 1.0)

    @property
    def side(self) -> float:
        """Side of a square pixel; NaN if it is unknown."""
        return (self.down + self.across) / 2


NO_SPACING = Spacing(math.nan, math.nan)


def dicom_spacing(tags: dict[str, str]) -> Spacing:
    """Return the size of the pixels in the patient.

    PixelSpacing is used as it is, except that it equals ImagerPixelSpacing and states no calibration: then it is at the
    detector too (DICOM PS3.3, 10.7.1.3). ImagerPixelSpacing is divided by the magnification, which is
    EstimatedRadiographicMagnificationFactor, else DistanceSourceToDetector / DistanceSourceToPatient (PS3.3, C.8.7.1);
    without them the size is unknown. NominalScannedPixelSpacing of scanned film is used if there is no other.

    Args:
        tags: Values of the tags, as `group|element` in hexadecimal, with a backslash between numbers.

    Raises:
        ValueError: A value is not a number.
    """
    return _spacing(tags)._replace(aspect=_pair(tags, _ASPECT) or _pair(tags, _IMAGER_SPACING) or (1.0, 1.0))


def _spacing(tags: dict[str, str]) -> Spacing:
    pixel, imager, scanned = (_pair(tags, key) for key in (_PIXEL_SPACING, _IMAGER_SPACING, _SCANNED_SPACING))
    if pixel and (tags.get(_CALIBRATION, "").strip() or pixel != imager):
        return _positive(pixel)
    if imager is None:
        return _positive(scanned) if scanned else NO_SPACING
    magnification = _magnification(tags)
    if magnification is not None:
        return _positive((imager[0] / magnification, imager[1] / magnification))
    reason = "millimetres are unknown: ImagerPixelSpacing is at the detector, and the magnification is not stated"
    return NO_SPACING._replace(unknown=reason)


def _positive(pair: tuple[float, float]) -> Spacing:
    if all(math.isfinite(number) and number > 0 for number in pair):
        return Spacing(*pair)
    return NO_SPACING._replace(
        unknown=f"millimetres are unknown: the file states pixels of {pair[0]:g} x {pair[1]:g} mm"
    )


def _pair(tags: dict[str, str], key: str) -> tuple[float, float] | None:
    numbers = tags.get(key, "").split("\\")
    return (float(numbers[0]), float(numbers[1])) if len(numbers) == 2 and all(numbers) else None


def _magnification(tags: dict[str, str]) -> float | None:
    stated = _number(tags, _MAGNIFICATION)
    to_detector, to_patient = _number(tags, _TO_DETECTOR), _number(tags, _TO_PATIENT)
    from_distances = to_detector / to_patient if to_detector and to_patient else None
    return next((m for m in (stated, from_distances) if m is not None and 1 <= m <= _MOST_MAGNIFIED), None)


def _number(tags: dict[str, str], key: str) -> float | None:
    text = tags.get(key, "").strip()
    return float(text) if text else None
