"""From images to frame results: predict, measure, and judge whether the result is reliable. Writes no files."""

import math
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.build import build_measure
from heelstrike.measure.uncertainty import with_half_widths
from heelstrike.package.image import ArrayImage, Image
from heelstrike.package.runtime import Package
from heelstrike.predict.ahead import ahead
from heelstrike.predict.frames import FrameResult
from heelstrike.predict.over_time import Waiting, over_time
from heelstrike.predict.reliability import doubts_of, is_judged
from heelstrike.video.reader import Frame

_AHEAD = 4  # frames to prefetch: enough to even out delays, few enough for the memory of 4K frames


@dataclass(frozen=True)
class About:
    """What the caller knows about the inputs and the pixels do not show.

    Attributes:
        mm_per_px: Side of a pixel in millimetres; `None` means the value in a medical image's file, else unknown.
        slices: What the images show, for instance `{"foot": "left"}`. A package that mirrors images needs it.
    """

    mm_per_px: float | None = None
    slices: Mapping[str, str] = field(default_factory=dict)

    def scale(self, file_mm_per_px: float = math.nan) -> float:
        """Return the side of a pixel in millimetres: the caller's value, else the file's; NaN if both are unknown."""
        return file_mm_per_px if self.mm_per_px is None else self.mm_per_px


class Measurer:
    """Predicts and measures with one package.

    Attributes:
        measure: The measure of single images; `None` if the package has none.

    Args:
        package: A verified package.
        about: What is known about all images.

    Raises:
        UserError: The package mirrors images, and `about` lacks the slice that it needs for this.
    """

    def __init__(self, package: Package, about: About) -> None:
        manifest = package.manifest
        if manifest.mirror is not None and manifest.mirror.slice not in about.slices:
            name, value = manifest.mirror.slice, manifest.mirror.value
            raise UserError(
                f"this model mirrors images of {name} {value}, so it has to know which images these are: give "
                f"--about {name}={value} (in Python: about={{{name!r}: {value!r}}}) or the other value of {name}"
            )
        self._package, self._about = package, about
        self._mirrored = package.mirrors(about.slices)
        self.measure: Measure | None = None
        if manifest.measure is not None:
            self.measure = build_measure(manifest.measure, manifest.category.keypoints, manifest.confidence)

    def image(self, image: UInt8[np.ndarray, "H W 3"], mm_per_px: float = math.nan) -> FrameResult:
        """Return the result of one image.

        Args:
            image: RGB image as displayed.
            mm_per_px: Side of a pixel in millimetres as the image's file states it; NaN if it does not.
        """
        prediction = self._package.predict(image, self._mirrored)
        return self.result(0, None, ArrayImage(image), prediction, self._about.scale(mm_per_px))

    def video(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, FrameResult], None, None]:
        """Yield each frame of a video with its result, in order. Close the generator to end its thread early.

        One thread decodes ahead. The network and the measure run in the caller's, one after the other: Python code of
        two threads does not run at the same time, and with a thread for each a frame took an eighth longer.
        """
        with closing(self._answers(frames)) as predicted:
            for frame, prediction in predicted:
                yield frame, self._of_frame(frame, prediction)

    def images(self, images: Iterable[UInt8[np.ndarray, "H W 3"]]) -> Generator[FrameResult, None, None]:
        """Yield the results of a video's RGB frames, given in order from the first. It runs in the caller's thread."""
        predict = self._package.predictor(self._mirrored)
        for number, image in enumerate(map(ArrayImage, images)):
            yield self.result(number, None, image, predict(image), self._about.scale())

    def _answers(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Prediction], None, None]:
        """Yield each frame with its prediction, or with the answer of the frames around it if the package can."""
        with closing(self._predictions(frames)) as predictions:
            model = self._package.temporal
            yield from predictions if model is None else over_time(predictions, model, self._mirrored)

    def in_turn(self) -> "InTurn":
        """Return what gives the results of one video whose frames come one by one."""
        model = self._package.temporal
        waiting = None if model is None else Waiting(model, self._mirrored)
        return InTurn(self._package.predictor(self._mirrored), waiting, self._of_frame)

    def _of_frame(self, frame: Frame, prediction: Prediction) -> FrameResult:
        return self.result(frame.number, frame.time_s, frame.picture, prediction, self._about.scale())

    def _predictions(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Prediction], None, None]:
        predict = self._package.predictor(self._mirrored)
        # closed here, since a decoder must have ended before its video is closed, also after an error of the network
        with closing(ahead(frames, _AHEAD)) as decoded:
            for frame in decoded:
                yield frame, predict(frame.picture)

    def result(
        self,
        number: int,
        time_s: float | None,
        image: Image,
        prediction: Prediction,
        mm_per_px: float,
    ) -> FrameResult:
        """Return the result of a frame from its prediction.

        Args:
            number: Number of the frame, from 0.
            time_s: Its time stamp; `None` if it has none.
            image: Its picture, for values that are measured on pixels.
            prediction: What was predicted on it.
            mm_per_px: Side of a pixel in millimetres; NaN if unknown.
        """
        manifest = self._package.manifest
        measurement = self._measured(prediction, mm_per_px, image)
        doubts = doubts_of(prediction, measurement, manifest)
        reliable = not doubts if is_judged(prediction, measurement, manifest) else None
        return FrameResult(number, time_s, prediction, measurement, reliable, doubts)

    def _measured(self, prediction: Prediction, mm_per_px: float, image: Image) -> Measurement | None:
        if self.measure is None or prediction.keypoints is None or prediction.confidence is None:
            return None
        if prediction.refusal is not None:
            return self.measure.refusal(prediction.refusal, prediction.keypoints, prediction.confidence)
        pixels = image.rgb if self.measure.needs_pixels else None
        measurement = self.measure.measure(prediction.keypoints, prediction.confidence, mm_per_px, pixels)
        radii = self._package.manifest.radii
        if radii is None or prediction.radius is None:
            return measurement
        temporal = self._package.temporal
        if prediction.from_frames is not None and temporal is not None:
            radii = radii.model_copy(update={"quantities": temporal.settings.quantities})
        return with_half_widths(measurement, self.measure, radii, prediction.keypoints, prediction.radius, mm_per_px)


class InTurn:
    """Results of the frames of one video that are given in order from the first: those that `Measurer.video` yields.

    It runs in the caller's thread. If the package answers from several frames, a result comes some frames later.

    Args:
        predict: Predicts on a picture.
        waiting: The frames that wait for later ones; `None` if every frame is answered by itself.
        result: Returns the result of a frame from its prediction.
    """

    def __init__(
        self,
        predict: Callable[[Image], Prediction],
        waiting: Waiting | None,
        result: Callable[[Frame, Prediction], FrameResult],
    ) -> None:
        self._predict, self._waiting, self._result = predict, waiting, result

    def add(self, frame: Frame) -> list[FrameResult]:
        """Add a frame, and return the results that are known by it."""
        prediction = self._predict(frame.picture)
        answered = [(frame, prediction)] if self._waiting is None else self._waiting.add(frame, prediction)
        return [self._result(*one) for one in answered]

    def rest(self) -> list[FrameResult]:
        """Return the results that are missing after the last frame."""
        return [] if self._waiting is None else [self._result(*one) for one in self._waiting.rest()]
