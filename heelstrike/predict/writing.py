"""Writes the result files of an image or a video: JSON, CSVs, overlay and drawings."""

import importlib.metadata
import math
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.heads.base import Style
from heelstrike.images import read_picture
from heelstrike.measure.build import build_exam_measure
from heelstrike.measure.steps.results import Steps
from heelstrike.media import is_image
from heelstrike.monitor.watch import InputWatch, Watch
from heelstrike.note import NOTE
from heelstrike.package.image import ArrayImage
from heelstrike.package.runtime import Package
from heelstrike.predict.exams import Exams
from heelstrike.predict.files import (
    explain_full_disk,
    refuse_unwritable,
    result_path,
    text_aside,
    with_even_size,
    write_image,
)
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.overlay import draw
from heelstrike.predict.ownership import OVERLAY_IMAGE, OVERLAY_VIDEO, refuse_foreign
from heelstrike.predict.results import ModelReference, ResultWriter
from heelstrike.predict.steps import STEPS_CSV, VideoSteps, write_steps
from heelstrike.predict.summary import Summary
from heelstrike.video.reader import VideoReader
from heelstrike.video.writer import VideoWriter

_PRESET = "superfast"  # half the time of the default preset; an overlay is looked at once, so its size matters less

Tick = Callable[[], None]


@dataclass(frozen=True)
class Predicted:
    """An input that was predicted on.

    Attributes:
        input: The image or video.
        files: The files that were written: JSON first, then CSVs (of a video), overlay (on request) and drawings.
        summary: The summary, as in the JSON.
        message: Why an image was not measured, for a person; `None` if it was measured, and for a video.
        note: Why the size of pixels is unknown although the image's file has numbers for it; empty otherwise.
        steps: Steps of a video, as in the JSON; `None` for an image, and if the model does not measure walking legs.
        unnoted: Why what was asked to be noted beside the results could not be; empty if it was.
    """

    input: Path
    files: tuple[Path, ...]
    summary: Summary
    message: str | None = None
    note: str = ""
    steps: Steps | None = None
    unnoted: str = ""


class Writer:
    """Predicts on inputs one by one and writes their result files.

    Args:
        package: A verified package.
        model: The model's name and version for the results.
        overlay: True to draw the predictions into a copy as well.
        about: What is known about all inputs.
        watch: Notes what the model sees, beside the results; `None` to note nothing.

    Raises:
        UserError: The package has to know more about the images.
    """

    def __init__(
        self, package: Package, model: ModelReference, overlay: bool, about: About, watch: Watch | None = None
    ) -> None:
        self._watch = watch
        self._measurer = Measurer(package, about)
        self._manifest, self._model, self._overlay, self._about = package.manifest, model, overlay, about
        self._steps = VideoSteps(package.manifest).measured
        self._version = importlib.metadata.version("heelstrike")
        manifest, names = package.manifest, package.manifest.category.keypoints
        title = f"{manifest.problem} v{model.version}" if model.version else manifest.problem
        skeleton = tuple((a - 1, b - 1) for a, b in manifest.category.skeleton)
        self._style = Style(skeleton, manifest.confidence, title, manifest.category.categories)
        measure = build_exam_measure(manifest.measure, names, manifest.confidence) if manifest.measure else None
        self._exams = Exams(measure, model, manifest, self._version) if measure else None
        self._written = set[tuple[int, int]]()  # device and inode of each file

    def write(self, file: Path, target: Path, tick: Tick) -> Predicted:
        """Predict on one file and write its results.

        Args:
            file: Image or video.
            target: Path that the result files are named after.
            tick: Called after every frame.

        Raises:
            UserError: The input cannot be read, or a result cannot be written or would replace a file that is not ours.
        """
        write = self._image if is_image(file) else self._video
        refuse_unwritable(target.parent)
        self._refuse_foreign(file, target)
        with explain_full_disk(target):
            predicted = write(file, target, tick)
        self._written.update((status.st_dev, status.st_ino) for status in map(Path.stat, predicted.files))
        return predicted

    @property
    def exams(self) -> Exams | None:
        """The exams of the folders, to be written after their images; `None` if the model measures no exams."""
        return self._exams

    def _refuse_foreign(self, file: Path, target: Path) -> None:
        """Raise if a result of this input would replace a file that is not a result, or is one of another input."""
        measure, image = self._measurer.measure, is_image(file)
        of_video = [".json", ".csv", *([STEPS_CSV] if self._steps else [])]
        suffixes = [".json", *(measure.suffixes if measure else ())] if image else of_video
        if self._overlay:
            suffixes.append(OVERLAY_IMAGE if image else OVERLAY_VIDEO)
        for path in (result_path(target, suffix) for suffix in suffixes):
            refuse_foreign(path)
            if path.exists() and (path.stat().st_dev, path.stat().st_ino) in self._written:
                raise UserError(
                    f"{path}: is the result of another input of this folder, whose name is the same for this file "
                    "system (capitals, accents); rename one of the two inputs"
                )

    def _image(self, file: Path, target: Path, tick: Tick) -> Predicted:
        image, mm_per_px, placement, _, unknown = read_picture(file)
        result = self._measurer.image(image, mm_per_px)
        json_path, overlay_path = result_path(target, ".json"), result_path(target, OVERLAY_IMAGE)
        height, width = image.shape[:2]
        measure, measurement = self._measurer.measure, result.measurement
        with ExitStack() as files:
            source = Source(file.name, "image", width, height, None, self._about.scale(mm_per_px))
            writer = self._open(files, json_path, None, source)
            writer.add(result)
            if self._overlay:
                aside = files.enter_context(write_aside(overlay_path))
                write_image(aside, self._drawn(image, result))
            drawings = measure.files(measurement) if measure and measurement else {}
            for suffix, content in drawings.items():
                files.enter_context(write_aside(result_path(target, suffix))).write_bytes(content)
            self._refuse_foreign(file, target)  # again, since what came meanwhile must stay too
        if self._exams is not None:
            self._exams.add(file, target, result.prediction, placement)
        noted = self._begin(file, self._about.scale(mm_per_px))
        if noted is not None:
            noted.add(ArrayImage(image), result)
        tick()
        written = (
            json_path,
            *([overlay_path] if self._overlay else []),
            *(result_path(target, suffix) for suffix in drawings),
        )
        note = unknown if self._about.mm_per_px is None else ""
        unnoted = "" if noted is None else noted.end(source, writer.summary)
        return Predicted(file, written, writer.summary, result.message, note, unnoted=unnoted)

    def _video(self, file: Path, target: Path, tick: Tick) -> Predicted:
        json_path, csv_path, overlay_path = (result_path(target, s) for s in (".json", ".csv", OVERLAY_VIDEO))
        steps_path = result_path(target, STEPS_CSV)
        with ExitStack() as files:
            video = files.enter_context(VideoReader(file))
            results = files.enter_context(closing(self._measurer.video(video.frames())))
            first = next(results)  # a video without frames is an error of the reader
            height, width = first[0].picture.shape
            source = Source(file.name, "video", width, height, float(video.rate), self._about.scale())
            writer = self._open(files, json_path, csv_path, source)
            table = files.enter_context(text_aside(steps_path)) if self._steps else None
            overlay = (
                files.enter_context(VideoWriter(overlay_path, float(video.rate), preset=_PRESET, comment=NOTE))
                if self._overlay
                else None
            )
            noted = self._begin(file, self._about.scale())
            for frame, result in chain([first], results):
                writer.add(result)
                if noted is not None:
                    noted.add(frame.picture, result)
                if overlay is not None:
                    several = f"  from {result.from_frames} frames" if result.from_frames else ""
                    heading = f"frame {frame.number}  {frame.time_s:.2f} s{several}"
                    overlay.add(with_even_size(self._drawn(frame.image, result, heading)))
                tick()
            if table is not None and writer.steps is not None:
                write_steps(table, writer.steps)
            self._refuse_foreign(file, target)  # again, since what came meanwhile must stay too
        written = (
            json_path,
            csv_path,
            *([steps_path] if self._steps else []),
            *([overlay_path] if self._overlay else []),
        )
        unnoted = "" if noted is None else noted.end(source, writer.summary)
        return Predicted(file, written, writer.summary, steps=writer.steps, unnoted=unnoted)

    def _begin(self, file: Path, mm_per_px: float) -> InputWatch | None:
        """Return what notes an input beside its results; `None` if nothing is to be noted."""
        if self._watch is None:
            return None
        about = About(mm_per_px if math.isfinite(mm_per_px) else None, self._about.slices)
        return self._watch.begin(file, self._manifest, self._model.version, about)

    def _drawn(
        self, image: UInt8[np.ndarray, "H W 3"], result: FrameResult, heading: str = ""
    ) -> UInt8[np.ndarray, "H W 3"]:
        measure, measurement = self._measurer.measure, result.measurement
        labels = measure.labels(measurement) if measure and measurement else ()
        return draw(image, result.prediction, measurement, self._style, heading, result.doubts, labels)

    def _open(self, files: ExitStack, json_path: Path, csv_path: Path | None, source: Source) -> ResultWriter:
        """Open the result files. The JSON gets its name last, so if it exists, the others do too."""
        stream = files.enter_context(text_aside(json_path))
        table = files.enter_context(text_aside(csv_path)) if csv_path else None
        measure = self._measurer.measure
        return files.enter_context(
            ResultWriter(stream, table, source, self._model, self._manifest, measure, self._version)
        )
