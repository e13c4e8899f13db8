"""Predict on an image, a video or a folder of them, and write the result files."""

import importlib.metadata
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.images import read_image
from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.build import build_exam_measure, build_measure
from heelstrike.measure.exam import ExamMeasure
from heelstrike.measure.uncertainty import with_half_widths
from heelstrike.package.runtime import Package, Prediction
from heelstrike.predict.ahead import ahead
from heelstrike.predict.exams import Examined, Exams
from heelstrike.predict.files import beside, even, room, text_aside, write_image
from heelstrike.predict.overlay import Style, draw
from heelstrike.predict.reliability import doubts_of
from heelstrike.predict.results import Model, ResultWriter, Source
from heelstrike.predict.sources import OVERLAY, find_inputs, is_image
from heelstrike.progress import progress
from heelstrike.scans import Scan, is_scan, read_scan
from heelstrike.video.reader import VideoReader
from heelstrike.video.writer import VideoWriter

_AHEAD = 4  # frames between decoding, network and writing: enough to even out, little enough for 4K frames
_PRESET = "superfast"  # an overlay is looked at, not kept for ever: half the time of the writer's own preset

Tick = Callable[[], None]


@dataclass(frozen=True)
class Predicted:
    """One input that was predicted on.

    Attributes:
        input: The image or video.
        files: What was written: JSON first, then CSV (videos) and overlay (on request).
        summary: As in the JSON.
    """

    input: Path
    files: tuple[Path, ...]
    summary: dict[str, Any]


@dataclass
class Report:
    """What became of every input.

    Attributes:
        done: In the order of the inputs.
        failed: Inputs that could not be read or written, each with the reason; nothing was written for them.
        exams: What was measured on the images of a folder together; empty where the problem measures no such thing.
        ignored: Files in the folder that are neither image nor video.
    """

    done: list[Predicted] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    exams: list[Examined] = field(default_factory=list)
    ignored: tuple[Path, ...] = ()


@dataclass(frozen=True)
class About:
    """What the consumer knows of the inputs and no pixel tells.

    Attributes:
        mm_per_px: Side of a pixel in millimetres; none: what a medical image's file says, else unknown.
        slices: For instance `{"foot": "left"}`; needed where the package mirrors images.
    """

    mm_per_px: float | None = None
    slices: Mapping[str, str] = field(default_factory=dict)


def predict_path(
    path: Path, package: Package, model: Model, out: Path, overlay: bool = False, about: About | None = None
) -> Report:
    """Predict on an image, a video or every image and video in a folder.

    For `walk.mp4` these are written to `out`, each whole or not at all: `walk.mp4.json`, `walk.mp4.csv` and on request
    `walk.mp4.overlay.mp4`. Files of a folder keep their place in it. Where exams are measured, the images of each
    folder are one, and `FOLDER.volume.json` is written among their results.

    Args:
        path: Image, video or folder.
        package: A verified package.
        model: What to call it in the results.
        out: Folder to write to; made where it is missing.
        overlay: Also draw the predictions into a copy of the image or video.
        about: What is known of all inputs.

    Returns:
        What was done and what failed. A bad file in a folder does not stop the others.

    Raises:
        UserError: Nothing to predict on, the package needs to know more about the images, or the one file that was
            asked for cannot be read or written.
    """
    inputs = find_inputs(path, out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; results need a folder, name another one")
    predictor = _Predictor(package, model, overlay, about or About())
    report = Report(ignored=inputs.ignored)
    with progress(f"predict {path.name}", sum(map(_length, inputs.files))) as bar:
        for file in inputs.files:
            try:
                target = out / file.relative_to(inputs.base)
                report.done.append(predictor.predict(file, target, bar.advance))
            except UserError as error:
                report.failed.append((file, str(error)))
            except OSError as error:
                report.failed.append((file, f"{error.filename or file}: {error.strerror or error}"))
    if path.is_dir():
        report.exams.extend(predictor.exams([file for file, _ in report.failed]))
    if not path.is_dir() and report.failed:
        raise UserError(report.failed[0][1])
    return report


class _Predictor:
    """What is the same for every input of a run."""

    def __init__(self, package: Package, model: Model, overlay: bool, about: About) -> None:
        manifest = package.manifest
        if manifest.mirror is not None and manifest.mirror.slice not in about.slices:
            name, value = manifest.mirror.slice, manifest.mirror.value
            raise UserError(
                f"this model looks at images of {name} {value} mirrored, so it has to know what these are: say "
                f"--about {name}={value}, or what else {name} is"
            )
        self._about, self._mirrored = about, package.mirrors(about.slices)
        self._package, self._model, self._overlay = package, model, overlay
        self._measure: Measure | None = None
        of_exams: ExamMeasure | None = None
        if manifest.measure is not None:
            names, threshold = manifest.category.keypoints, manifest.confidence
            self._measure = build_measure(manifest.measure, names, threshold)
            of_exams = build_exam_measure(manifest.measure, names, threshold)
        title = f"{manifest.problem} v{model.version}" if model.version else manifest.problem
        skeleton = tuple((a - 1, b - 1) for a, b in manifest.category.skeleton)
        self._style = Style(skeleton, manifest.confidence, title, manifest.category.kinds)
        self._version = importlib.metadata.version("heelstrike")
        self._exams = Exams(of_exams, model, manifest, self._version) if of_exams else None

    def predict(self, file: Path, target: Path, tick: Tick) -> Predicted:
        """Predict on one file and write its results beside the name `target`."""
        write = self._image if is_image(file.name) else self._video
        with room(target):
            return write(file, target, tick)

    def exams(self, failed: list[Path]) -> list[Examined]:
        """Measure each folder's images together, where that is what the problem measures, and write the results.

        Args:
            failed: What was asked for and could not be read.
        """
        if self._exams is None:
            return []
        for file in failed:
            self._exams.fail(file)
        return self._exams.write()

    def _image(self, file: Path, target: Path, tick: Tick) -> Predicted:
        image, of_file, placement = read_scan(file) if is_scan(file) else Scan(read_image(file), math.nan)
        mm_per_px = of_file if self._about.mm_per_px is None else self._about.mm_per_px
        height, width = image.shape[:2]
        prediction = self._package.predict(image, self._mirrored)
        if self._exams is not None:
            self._exams.add(file, target, prediction, placement)
        measurement = self._measured(prediction, mm_per_px, image)
        json_path, picture_path = beside(target, ".json"), beside(target, f"{OVERLAY}.png")
        with ExitStack() as files:
            writer = self._writer(files, json_path, None, Source(file.name, "image", width, height, None, mm_per_px))
            writer.add(0, None, prediction, measurement)
            if self._overlay:
                aside = files.enter_context(write_aside(picture_path))
                write_image(aside, self._drawn(image, prediction, measurement))
            more = self._measure.files(measurement) if self._measure and measurement else {}
            for suffix, content in more.items():
                files.enter_context(write_aside(beside(target, suffix))).write_bytes(content)
        tick()
        written = (json_path, *([picture_path] if self._overlay else []), *(beside(target, suffix) for suffix in more))
        return Predicted(file, written, writer.summary)

    def _video(self, file: Path, target: Path, tick: Tick) -> Predicted:
        json_path, csv_path, film_path = (beside(target, s) for s in (".json", ".csv", f"{OVERLAY}.mp4"))
        with ExitStack() as files:
            video = files.enter_context(VideoReader(file))
            # three threads: decode | filter, scale, network | measure, draw, write
            frames, predict = ahead(video.frames(), _AHEAD), self._package.predictor(self._mirrored)
            found = files.enter_context(closing(ahead(((f, predict(f.image)) for f in frames), _AHEAD)))
            first = next(found, None)
            if first is None:
                raise UserError(f"{file}: holds no frame; copy it again from where it came from")
            height, width = first[0].image.shape[:2]
            mm_per_px = math.nan if self._about.mm_per_px is None else self._about.mm_per_px
            source = Source(file.name, "video", width, height, float(video.rate), mm_per_px)
            writer = self._writer(files, json_path, csv_path, source)
            film = (
                files.enter_context(VideoWriter(film_path, float(video.rate), preset=_PRESET))
                if self._overlay
                else None
            )
            for frame, prediction in chain([first], found):
                measurement = self._measured(prediction, mm_per_px, frame.image)
                writer.add(frame.number, frame.time_s, prediction, measurement)
                if film is not None:
                    heading = f"frame {frame.number}  {frame.time_s:.2f} s"
                    film.add(even(self._drawn(frame.image, prediction, measurement, heading)))
                tick()
        written = (json_path, csv_path, *((film_path,) if self._overlay else ()))
        return Predicted(file, written, writer.summary)

    def _measured(
        self, prediction: Prediction, mm_per_px: float, image: UInt8[np.ndarray, "H W 3"]
    ) -> Measurement | None:
        if self._measure is None or prediction.keypoints is None or prediction.confidence is None:
            return None
        found = self._measure.measure(prediction.keypoints, prediction.confidence, mm_per_px, image)
        radii = self._package.manifest.radii
        if radii is None or prediction.radius is None:
            return found
        return with_half_widths(found, self._measure, radii, prediction.keypoints, prediction.radius, mm_per_px)

    def _drawn(
        self,
        image: UInt8[np.ndarray, "H W 3"],
        prediction: Prediction,
        measurement: Measurement | None,
        heading: str = "",
    ) -> UInt8[np.ndarray, "H W 3"]:
        doubts = doubts_of(prediction, measurement, self._package.manifest)
        return draw(image, prediction, measurement, self._style, heading, doubts)

    def _writer(self, files: ExitStack, json_path: Path, csv_path: Path | None, source: Source) -> ResultWriter:
        """Open the result files; the JSON is renamed last, so where it lies the others lie too."""
        stream = files.enter_context(text_aside(json_path))
        table = files.enter_context(text_aside(csv_path)) if csv_path else None
        manifest = self._package.manifest
        return files.enter_context(
            ResultWriter(stream, table, source, self._model, manifest, self._measure, self._version)
        )


def _length(file: Path) -> int:
    """Frames to expect, for the progress bar only: what cannot be read counts as one and is reported in its turn."""
    if is_image(file.name):
        return 1
    try:
        with VideoReader(file) as video:
            return video.declared_frames or 1
    except (UserError, OSError):
        return 1
