"""From images to frame results: the network, then the measure, then what is doubtful. Writes nothing."""

import math
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.build import build_measure
from heelstrike.measure.uncertainty import with_half_widths
from heelstrike.package.runtime import Package
from heelstrike.predict.ahead import ahead
from heelstrike.predict.frames import FrameResult
from heelstrike.predict.reliability import doubts_of, is_judged
from heelstrike.video.reader import Frame

_AHEAD = 4  # frames between decoding, network and measuring: enough to even out, few enough for 4K frames


@dataclass(frozen=True)
class About:
    """What the consumer knows of the inputs and no pixel tells.

    Attributes:
        mm_per_px: Side of a pixel in millimetres; None: what a medical image's file says, else unknown.
        slices: For instance `{"foot": "left"}`; needed where the package mirrors images.
    """

    mm_per_px: float | None = None
    slices: Mapping[str, str] = field(default_factory=dict)

    def scale(self, of_file: float = math.nan) -> float:
        """Side of a pixel in millimetres, NaN where unknown: what the consumer says goes before what the file says."""
        return of_file if self.mm_per_px is None else self.mm_per_px


class Measurer:
    """Predicts and measures with one package.

    Args:
        package: A verified package.
        about: What is known of all images.

    Raises:
        UserError: The package has to know more about the images.
    """

    def __init__(self, package: Package, about: About) -> None:
        manifest = package.manifest
        if manifest.mirror is not None and manifest.mirror.slice not in about.slices:
            name, value = manifest.mirror.slice, manifest.mirror.value
            raise UserError(
                f"this model looks at images of {name} {value} mirrored, so it has to know what these are: say "
                f"--about {name}={value} (in Python: about={{{name!r}: {value!r}}}), or what else {name} is"
            )
        self._package, self._about = package, about
        self._mirrored = package.mirrors(about.slices)
        self.measure: Measure | None = None
        if manifest.measure is not None:
            self.measure = build_measure(manifest.measure, manifest.category.keypoints, manifest.confidence)

    def image(self, image: UInt8[np.ndarray, "H W 3"], mm_per_px: float = math.nan) -> FrameResult:
        """The result of one RGB image.

        Args:
            image: As displayed.
            mm_per_px: Side of a pixel in millimetres as the image's file states it; NaN where it does not.
        """
        return self._result(0, None, image, self._package.predict(image, self._mirrored), self._about.scale(mm_per_px))

    def video(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, FrameResult], None, None]:
        """The results of a video's frames, in order, as they come; close it to end its threads early.

        Three threads work at once: decoding, filters with scaling and network, and the caller's with the measure.
        """
        predict = self._package.predictor(self._mirrored)
        decoded = ahead(frames, _AHEAD)
        with closing(ahead(((frame, predict(frame.image)) for frame in decoded), _AHEAD)) as predicted:
            for frame, prediction in predicted:
                yield frame, self._result(frame.number, frame.time_s, frame.image, prediction, self._about.scale())

    def images(self, images: Iterable[UInt8[np.ndarray, "H W 3"]]) -> Generator[FrameResult, None, None]:
        """The results of the RGB frames of one video, all in order from the first, in the caller's own thread."""
        predict = self._package.predictor(self._mirrored)
        for number, image in enumerate(images):
            yield self._result(number, None, image, predict(image), self._about.scale())

    def _result(
        self,
        number: int,
        time_s: float | None,
        image: UInt8[np.ndarray, "H W 3"],
        prediction: Prediction,
        mm_per_px: float,
    ) -> FrameResult:
        manifest = self._package.manifest
        measurement = self._measured(prediction, mm_per_px, image)
        doubts = doubts_of(prediction, measurement, manifest)
        reliable = not doubts if is_judged(measurement, manifest) else None
        return FrameResult(number, time_s, prediction, measurement, reliable, doubts)

    def _measured(
        self, prediction: Prediction, mm_per_px: float, image: UInt8[np.ndarray, "H W 3"]
    ) -> Measurement | None:
        if self.measure is None or prediction.keypoints is None or prediction.confidence is None:
            return None
        measurement = self.measure.measure(prediction.keypoints, prediction.confidence, mm_per_px, image)
        radii = self._package.manifest.radii
        if radii is None or prediction.radius is None:
            return measurement
        return with_half_widths(measurement, self.measure, radii, prediction.keypoints, prediction.radius, mm_per_px)
