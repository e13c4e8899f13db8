"""Measurements on a footprint's eight landmarks: lengths in mm, angles, the arch index, and an insole's outline.

The foot axis runs from the lowest point of the heel to the top of the second toe. Lengths are measured along the axis
or across it, and the metatarsal heads show which side is medial. So left and right feet give the same numbers, and the
paper may be rotated.
"""

import importlib.util
import math
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.measure.arch import arch_index
from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.settings import FootprintSettings
from heelstrike.reasons import Reason

_SVG, _DXF = ".outline.svg", ".outline.dxf"


class Footprint(Measure):
    """The measure of footprints.

    Args:
        settings: Names of the keypoints, limits, and the insole's allowances.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: A keypoint of lower confidence counts as missing.
    """

    name = "footprint"
    title = "footprint"
    group = "footprint"
    unit = "mm"
    sign = "positive is longer or wider than true"
    human_error = ""
    quantities: tuple[str, ...] = ("foot_length", "ball_width", "heel_to_ball", "toe_line", "foot_axis")
    units: tuple[str, ...] = ("mm", "mm", "mm", "deg", "deg")
    suffixes: tuple[str, ...] = (_SVG, _DXF)
    needs_pixels = True

    def __init__(self, settings: FootprintSettings, keypoints: tuple[str, ...], min_confidence: float) -> None:
        self.settings, self.min_confidence = settings, min_confidence
        self._names = (*settings.toes, settings.ball_medial, settings.ball_lateral, settings.heel)
        self._index = [keypoints.index(name) for name in self._names]

    def measure(
        self,
        keypoints: Float[np.ndarray, "K 2"],
        confidence: Float[np.ndarray, "K"],
        mm_per_px: float = math.nan,
        image: UInt8[np.ndarray, "H W 3"] | None = None,
    ) -> Measurement:
        """Measure the quantities, the arch index if the image is given, and the insole's outline (in `details`)."""
        points = np.asarray(keypoints, dtype=np.float64)[self._index]
        sure = np.isfinite(points).all(axis=1) & (np.asarray(confidence)[self._index] >= self.min_confidence)
        if not sure.all():
            missing = ", ".join(n for n, is_sure in zip(self._names, sure, strict=True) if not is_sure)
            return self.refused(
                Reason.MISSING_POINT, f"not found with a confidence of {self.min_confidence:g}: {missing}"
            )
        if not (math.isfinite(mm_per_px) and mm_per_px > 0):
            return self.refused(
                Reason.SCALE_UNKNOWN,
                "the size of a pixel is not known; give the scan's dots per inch, or millimetres per pixel",
            )
        numbers = dict(zip(self.quantities, self.values(_batch_of_one(keypoints), mm_per_px)[0].tolist(), strict=True))
        low, high = self.settings.foot_length_mm
        if not low <= numbers["foot_length"] <= high:
            limits = f"outside {low:g} to {high:g} mm"
            return self.refused(
                Reason.LENGTH_LIMIT, f"the foot would be {numbers['foot_length']:.0f} mm long, {limits}"
            )
        arch = math.nan if image is None else arch_index(image, points, self.settings.ink_on)
        if math.isfinite(arch):
            numbers["arch_index"] = arch
        warnings: tuple[str, ...] = ()
        details: dict[str, Any] = {"outline_mm": None, "arch": _arch_type(arch) if math.isfinite(arch) else None}
        if missing_packages():
            warnings = (f"no outline of an insole: it needs {' and '.join(missing_packages())} (extra `cad`)",)
        else:
            from heelstrike.measure.insole import insole_outline  # needs SciPy, which is optional

            details["outline_mm"] = np.round(insole_outline(points * mm_per_px, self.settings), 3).tolist()
        units = dict(zip(self.quantities, self.units, strict=True)) | {"arch_index": "ratio"}
        units = {name: units[name] for name in numbers}
        return Measurement(self.name, self.unit, warnings=warnings, values=numbers, units=units, details=details)

    def files(self, measurement: Measurement) -> dict[str, bytes]:
        """Return the insole's outline as SVG and DXF in millimetres; empty without an outline."""
        if not measurement.measured or measurement.details["outline_mm"] is None:
            return {}
        # imported here, since ezdxf takes a second to import
        from heelstrike.measure.drawing import dxf, svg

        outline = np.array(measurement.details["outline_mm"])
        return {_SVG: svg(outline), _DXF: dxf(outline)}

    def values(
        self, keypoints: Float[np.ndarray, "N K 2"], mm_per_px: Float[np.ndarray, "N"] | float = math.nan
    ) -> Float[np.ndarray, "N 5"]:
        """Return lengths in millimetres (NaN without a scale) and angles in degrees, in the order of `quantities`.

        `foot_length` is along the axis from the heel to the toe that reaches farthest, `heel_to_ball` along the axis to
        the first metatarsal head, `ball_width` between the metatarsal heads. `toe_line` is the angle of the line from
        the first to the fifth toe against the perpendicular of the axis, positive where the fifth lies nearer to the
        heel. `foot_axis` is the axis against the image's upright, positive where the toes point to the lateral side.
        """
        points = np.asarray(keypoints, dtype=np.float64)[:, self._index]
        toes, medial, lateral, heel = points[:, :5], points[:, 5], points[:, 6], points[:, 7]
        scale = np.broadcast_to(np.asarray(mm_per_px, dtype=np.float64), len(points))
        forward = toes[:, 1] - heel
        norm = np.linalg.norm(forward, axis=1, keepdims=True)
        forward = np.divide(forward, norm, out=np.full_like(forward, np.nan), where=norm > 0)
        across = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
        # make it point to the lateral side of either foot
        side = np.sign(((lateral - medial) * across).sum(axis=1, keepdims=True))
        across = across * np.where(side == 0, 1.0, side)
        reach = np.einsum("ntx,nx->nt", toes - heel[:, None], forward)
        line = toes[:, 4] - toes[:, 0]
        back, out = -(line * forward).sum(axis=1), (line * across).sum(axis=1)
        to_lateral = np.sign(across[:, 0]) * np.degrees(np.arctan2(forward[:, 0], -forward[:, 1]))
        return np.stack(
            [
                reach.max(axis=1) * scale,
                np.linalg.norm(lateral - medial, axis=1) * scale,
                ((medial - heel) * forward).sum(axis=1) * scale,
                np.degrees(np.arctan2(back, out)),
                to_lateral,
            ],
            axis=1,
        )


@cache
def missing_packages() -> tuple[str, ...]:
    """Return the packages of the extra `cad` that are not installed."""
    return tuple(name for name in ("scipy", "ezdxf") if importlib.util.find_spec(name) is None)


def _batch_of_one(keypoints: Float[np.ndarray, "K 2"]) -> Float[np.ndarray, "1 K 2"]:
    """Return the keypoints of one frame as a batch of one."""
    return np.asarray(keypoints, dtype=np.float64)[None]


def _arch_type(index: float) -> str:
    """Return the type of arch by the quartiles of Cavanagh and Rodgers (J Biomech 1987; 20: 547-551)."""
    return "high" if index <= 0.21 else "normal" if index < 0.26 else "flat"
