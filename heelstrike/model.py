"""The Python API: load a model from a registry or a folder, and measure images and videos with it."""

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.images import read_picture
from heelstrike.measure.steps.results import Steps
from heelstrike.media import is_image
from heelstrike.monitor.watch import Shadow, Watch
from heelstrike.package.manifest import Manifest
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult, Result, Source
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.predictor import Report, predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.predict.sources import find_inputs
from heelstrike.predict.steps import VideoSteps
from heelstrike.predict.summary import Tally
from heelstrike.registry.pull import Pulled, default_reference, open_folder, resolve
from heelstrike.video.reader import VideoReader


def load(
    reference: str | None = None,
    *,
    package: str | os.PathLike[str] | None = None,
    offline: bool = False,
    threads: int = 0,
    per_frame: bool = False,
) -> "Model":
    """Load a model from the registry at MLFLOW_TRACKING_URI, or from a folder, and verify every hash.

    Args:
        reference: `rearfoot@champion`, `rearfoot` (the same) or `rearfoot/3`; by default the champion of the only
            model in the registry that has one.
        package: A package folder to use instead of a registry.
        offline: True to use the version that was last pulled by this reference, without contacting the registry.
        threads: CPU threads for one prediction; 0 means one for each core, but a single one on two cores.
        per_frame: True to predict every frame of a video by itself, also if the package answers from several frames.

    Returns:
        The model, ready to measure.

    Raises:
        UserError: Both `reference` and `package` are given, there is no such model, it is damaged, or the registry does
            not answer and the model is not cached.
    """
    if package is None:
        pulled = resolve(reference or default_reference(offline=offline), offline=offline)
    elif reference is None:
        pulled = open_folder(Path(package))
    else:
        raise UserError(
            f"both a model of the registry ({reference}) and a package folder ({package}) are given; give only one"
        )
    return Model(pulled, threads, per_frame)


class Model:
    """A model that is ready to measure. `heelstrike.load` makes one.

    Two arguments of all methods tell what the pixels do not show. `mm_per_px` is the side of a pixel in millimetres;
    `None` means the value in a medical image's file, else unknown. `about` says what the images show, for instance
    `{"foot": "left"}`; models that mirror images need it.

    Attributes:
        reference: `rearfoot/3` for a version in a registry, else the package's folder.
        version: Number of the version in the registry; `None` for a folder.
        manifest: The package's manifest: input size, filters, thresholds, test metrics.
    """

    def __init__(self, pulled: Pulled, threads: int = 0, per_frame: bool = False) -> None:
        self._package = Package.load(pulled.folder, threads, per_frame)
        self.reference, self.version = pulled.reference, pulled.version
        self.manifest: Manifest = self._package.manifest

    def __repr__(self) -> str:
        return f"<heelstrike.Model {self.reference}, package {self.manifest.digest[:12]}>"

    @property
    def problem(self) -> str:
        """Name of the problem that the model was trained for."""
        return self.manifest.problem

    @property
    def keypoints(self) -> tuple[str, ...]:
        """Names of the keypoints, in the order of every array."""
        return self.manifest.category.keypoints

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of every array."""
        return self.manifest.category.classes

    @property
    def confidence(self) -> float:
        """The confidence threshold: predictions of lower confidence count as missing."""
        return self.manifest.confidence

    def predict(
        self,
        path: str | os.PathLike[str],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> Result:
        """Measure an image or a video and return the results of all its frames. `write` writes files instead.

        Args:
            path: An image or a video. Medical images need the extra `scans`.
            mm_per_px: Side of a pixel in millimetres; the class describes the default.
            about: What the images show, for instance `{"foot": "left"}`.

        Raises:
            UserError: The file cannot be read, is a folder, or the model needs more in `about`.
        """
        file = Path(path)
        if file.is_dir():
            raise UserError(f"{file}: is a folder; use predict_folder, or write to get result files")
        measure = self._image if is_image(file) else self._video
        return measure(file, About(mm_per_px, about or {}))

    def predict_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> Generator[Result, None, None]:
        """Measure every image and video in a folder and its subfolders, one by one.

        Args:
            folder: The folder. Result files and hidden files in it are left out.
            mm_per_px: Side of a pixel in millimetres; the class describes the default.
            about: What the images show, for instance `{"foot": "left"}`.

        Raises:
            UserError: A file cannot be read, or the folder has no image or video. To go on after a damaged file, call
                `predict` for each file, or use `write`, which lists the files that failed.
        """
        for file in find_inputs(Path(folder), Path(folder)).files:
            yield self.predict(file, mm_per_px=mm_per_px, about=about)

    def predict_image(
        self,
        image: UInt8[np.ndarray, "H W 3"],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> FrameResult:
        """Measure one RGB image in memory.

        Args:
            image: RGB as displayed, uint8. OpenCV's order is BGR: convert it by `image[..., ::-1]`.
            mm_per_px: Side of a pixel in millimetres; the class describes the default.
            about: What the images show, for instance `{"foot": "left"}`.

        Raises:
            UserError: The array is not an RGB image of uint8, or the model needs more in `about`.
        """
        return self._measurer(About(mm_per_px, about or {})).image(image)

    def frames(
        self,
        source: str | os.PathLike[str] | Iterable[UInt8[np.ndarray, "H W 3"]],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> Generator[FrameResult, None, None]:
        """Measure the frames of one video one by one, so that memory use does not grow with its length.

        Args:
            source: A video, which is decoded ahead in threads; or RGB images in order from the first, for instance of a
                camera. They are taken one by one in the caller's thread, and their results have no time stamp, so each
                is predicted by itself.
            mm_per_px: Side of a pixel in millimetres; the class describes the default.
            about: What the images show, for instance `{"foot": "left"}`.

        Raises:
            UserError: The video cannot be read, or is damaged; the error comes after the good frames.
        """
        measurer = self._measurer(About(mm_per_px, about or {}))
        if not isinstance(source, str | os.PathLike):
            return measurer.images(source)
        return _results_of(measurer, Path(source))

    def write(
        self,
        path: str | os.PathLike[str],
        out: str | os.PathLike[str] | None = None,
        *,
        overlay: bool = False,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
        record: str | os.PathLike[str] | None = None,
        shadow: "Model | None" = None,
    ) -> Report:
        """Measure an image, a video or a folder of them and write the files that `heelstrike predict` writes.

        A progress bar is drawn on stderr.

        Args:
            path: Image, video or folder.
            out: Folder for the results; by default they are written beside the input.
            overlay: True to draw the results into a copy as well.
            mm_per_px: Side of a pixel in millimetres; the class describes the default.
            about: What the images show, for instance `{"foot": "left"}`.
            record: Folder for a small record of each input, without pixels and names (docs/monitor.md); by default none
                is written.
            shadow: A second model; where it answers differently is noted in `record`, and this model's answer is given.

        Returns:
            The files that were written, a summary of each input, and the files that failed. A bad file in a folder does
            not stop the others.

        Raises:
            UserError: There is nothing to predict on, or `path` is a file and cannot be read or its results cannot be
                written; or there is a `shadow` and no `record`.
        """
        source = Path(path)
        folder = source if source.is_dir() else source.parent
        model = ModelReference(self.reference, None if self.version is None else str(self.version))
        out = folder if out is None else Path(out)
        watch = _watch(record, shadow)
        return predict_path(source, self._package, model, out, overlay, About(mm_per_px, about or {}), watch=watch)

    @property
    def _as_shadow(self) -> Shadow:
        return Shadow(self._package, None if self.version is None else str(self.version))

    def _measurer(self, about: About) -> Measurer:
        return Measurer(self._package, about)

    def _image(self, file: Path, about: About) -> Result:
        measurer = self._measurer(about)
        picture = read_picture(file)
        frame = measurer.image(picture.image, picture.mm_per_px)
        height, width = picture.image.shape[:2]
        source = Source(file.name, "image", width, height, None, about.scale(picture.mm_per_px))
        return _result(source, [frame], measurer)

    def _video(self, file: Path, about: About) -> Result:
        measurer = self._measurer(about)
        steps = VideoSteps(self.manifest)
        with VideoReader(file) as video, closing(measurer.video(video.frames())) as results:
            frames, size = [], (0, 0)
            for frame, result in results:
                frames.append(result)
                steps.add(result)
                height, width = frame.picture.shape
                size = width, height
            source = Source(file.name, "video", *size, float(video.rate), about.scale())
        return _result(source, frames, measurer, steps.steps())


def _watch(record: str | os.PathLike[str] | None, shadow: Model | None) -> Watch | None:
    if record is not None:
        return Watch(Path(record), None if shadow is None else shadow._as_shadow)
    if shadow is not None:
        raise UserError("a model in the shadow needs a folder for what it answers differently; give record (--record)")
    return None


def _results_of(measurer: Measurer, file: Path) -> Generator[FrameResult, None, None]:
    with VideoReader(file) as video, closing(measurer.video(video.frames())) as results:
        for _, result in results:
            yield result


def _result(source: Source, frames: list[FrameResult], measurer: Measurer, steps: Steps | None = None) -> Result:
    tally = Tally(measurer.measure)
    for frame in frames:
        tally.add(frame.measurement, frame.reliable)
    return Result(source, tuple(frames), tally.summary, steps)
