"""Makes the record of an image or a video from its frames and their results, cheaply beside the predicting."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from heelstrike.heads.keypoints import present_keypoints
from heelstrike.heads.registry import HEADS
from heelstrike.monitor.geometry import Arrangement, geometry_of
from heelstrike.monitor.pictures import Spot, Statistics, scaled, spots_of, statistics_of
from heelstrike.monitor.thinned import Thinned
from heelstrike.monitor.trembling import Trembling
from heelstrike.monitor.wire import (
    GeometryWire,
    InputRecord,
    MarkerWire,
    ModelOf,
    PictureWire,
    Quantiles,
)
from heelstrike.package.image import Image
from heelstrike.package.manifest import Manifest
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.summary import Summary
from heelstrike.rounding import round_number

_PICTURES, _FRAMES = 6, 1024  # most frames of a video whose pixels, and whose results, are looked at
_DIGITS, _DIGITS_OF_TREMBLING = 4, 6


@dataclass(frozen=True)
class InputOf:
    """What every small file says of an input.

    Attributes:
        source: The input. Its name is not used.
        id: Its salted id.
        time: When it was predicted, UTC; `None` in a reference.
        program: Version of Heelstrike.
    """

    source: Source
    id: str
    time: str | None
    program: str

    def fields(self) -> dict[str, Any]:
        """Return the fields of `Input` except the number of frames."""
        source = self.source
        return {
            "heelstrike": self.program,
            "id": self.id,
            "time": self.time,
            "kind": "video" if source.kind == "video" else "image",
            "width": source.width,
            "height": source.height,
            "fps": round_number(source.fps, 3),
        }


class Recorder:
    """Collects what a record needs, frame by frame.

    Args:
        manifest: Manifest of the package that predicts.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._pictures = Thinned[tuple[Image, FrameResult]](_PICTURES)
        self._results = Thinned[FrameResult](_FRAMES)
        self._trembling = Trembling()

    def add(self, image: Image, result: FrameResult) -> None:
        """Note a frame with its result."""
        if self._results.wants_next():
            self._results.add(result)
        present = present_keypoints(result.prediction, self._manifest.confidence)
        self._trembling.add(result.time_s, result.keypoints, present)
        if self._pictures.wants_next():
            self._pictures.add((image, result))  # looked at after the last frame, since most of them are dropped again

    def record(self, about: InputOf, summary: Summary, version: str | None) -> InputRecord:
        """Return the record, after the last frame.

        Args:
            about: The input.
            summary: The summary of all its frames.
            version: Number of the model's version in the registry; `None` for a folder.
        """
        manifest, results = self._manifest, self._results.items
        seen = [(scaled(image), image.shape, result) for image, result in self._pictures.items]
        arrangement = self._arrangement((about.source.width, about.source.height))
        present = None if arrangement is None else float(arrangement.present.mean())
        return InputRecord(
            **about.fields(),
            frames=summary.frames,
            model=ModelOf(problem=manifest.problem, version=version, digest=manifest.digest),
            picture=_picture([statistics_of(picture) for picture, _, _ in seen]),
            measured=summary.measured,
            not_measured=summary.not_measured,
            not_reliable=summary.not_reliable,
            present=round_number(present, _DIGITS),
            confidence=quantiles(_confidences(results)),
            radius=Quantiles() if arrangement is None else quantiles(arrangement.relative(_radii(results))),
            half_width=quantiles(_half_widths(results)),
            geometry=GeometryWire() if arrangement is None else self._geometry(arrangement),
            marker=_marker([self._spot(*one) for one in seen]),
        )

    def _spot(self, picture: np.ndarray, shape: tuple[int, int], result: FrameResult) -> Spot | None:
        present = present_keypoints(result.prediction, self._manifest.confidence)
        if present is None or result.keypoints is None or not present.any():
            return None
        points = result.keypoints[present].astype(np.float64)
        scale = picture.shape[0] / shape[0]
        span = float(np.ptp(points, axis=0).max()) * scale
        return spots_of(picture, points * scale, span)

    def _geometry(self, arrangement: Arrangement) -> GeometryWire:
        trembling = round_number(self._trembling.sigma, _DIGITS_OF_TREMBLING)
        geometry = geometry_of(arrangement, self._manifest.category.skeleton)
        return geometry.model_copy(update={"trembling": trembling})

    def _arrangement(self, size: tuple[int, int]) -> Arrangement | None:
        kept = [result for result in self._results.items if result.keypoints is not None]
        if not kept:
            return None
        present = [present_keypoints(result.prediction, self._manifest.confidence) for result in kept]
        points = np.stack([np.asarray(result.keypoints, np.float64) for result in kept])
        return Arrangement(points, np.array(present), size)


def _picture(taken: list[Statistics]) -> PictureWire:
    medians = np.median(np.array(taken), axis=0).round(_DIGITS).tolist()
    return PictureWire(frames=len(taken), **dict(zip(Statistics._fields, medians, strict=True)))


def _marker(spots: list[Spot | None]) -> MarkerWire:
    known = [spot for spot in spots if spot is not None]
    if not known:
        return MarkerWire()
    medians = np.median(np.array(known), axis=0).round(_DIGITS).tolist()
    return MarkerWire(**dict(zip(Spot._fields, medians, strict=True)))


def _confidences(results: list[FrameResult]) -> Float[np.ndarray, " N"]:
    """Return the confidence of every keypoint, or of every frame if there are no keypoints."""
    if any(result.confidence is not None for result in results):
        return np.concatenate([np.ravel(result.confidence) for result in results if result.confidence is not None])
    lowest = (head.lowest_confidence(result.prediction) for result in results for head in HEADS.values())
    return np.array([value for value in lowest if value is not None], np.float64)


def _radii(results: list[FrameResult]) -> Float[np.ndarray, "N K"] | None:
    radii = [result.radius for result in results if result.keypoints is not None]
    known = [np.asarray(radius, np.float64) for radius in radii if radius is not None]
    return np.stack(known) if known and len(known) == len(radii) else None


def _half_widths(results: list[FrameResult]) -> Float[np.ndarray, " N"]:
    """Return the half-widths of the values that are in the measure's unit."""
    return np.array(
        [
            width
            for result in results
            if result.measurement is not None
            for name, width in result.half_widths.items()
            if result.measurement.unit_of(name) == result.measurement.unit
        ],
        np.float64,
    )


def quantiles(values: Float[np.ndarray, "*n"] | None) -> Quantiles:
    """Return the quantiles of what is not NaN. A quantile is `None` if it is infinite."""
    known = np.empty(0) if values is None else values[~np.isnan(values)]
    if not len(known):
        return Quantiles()
    low, middle, high = np.quantile(known, [0.1, 0.5, 0.9], method="inverted_cdf").tolist()
    return Quantiles(p10=round_number(low, _DIGITS), p50=round_number(middle, _DIGITS), p90=round_number(high, _DIGITS))
