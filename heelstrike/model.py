"""The Python API: a model pulled from a registry or opened from a folder, and what it says of images and videos."""

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.images import read_picture
from heelstrike.media import is_image
from heelstrike.package.manifest import Manifest
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult, Result, Source
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.predictor import Report, predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.predict.sources import find_inputs
from heelstrike.predict.summary import Tally
from heelstrike.registry.pull import Pulled, default_reference, open_folder, resolve
from heelstrike.video.reader import VideoReader


def load(
    reference: str | None = None,
    *,
    package: str | os.PathLike[str] | None = None,
    offline: bool = False,
    threads: int = 0,
) -> "Model":
    """Load a model: pull it from the registry that MLFLOW_TRACKING_URI names, verify every hash, start its network.

    Args:
        reference: `rearfoot@champion`, `rearfoot` (the same) or `rearfoot/3`. Without it, the only model in the
            registry that has a champion.
        package: A package folder to use instead of a registry.
        offline: Do not ask the registry; use what the reference stood for when it was last pulled.
        threads: CPU threads of one prediction; 0 is one for each core.

    Raises:
        UserError: Both are given, there is no such model, it is damaged, or the registry does not answer and nothing
            is cached.
    """
    if package is None:
        pulled = resolve(reference or default_reference(offline=offline), offline=offline)
    elif reference is None:
        pulled = open_folder(Path(package))
    else:
        raise UserError(
            f"both a model of the registry ({reference}) and a package folder ({package}) are given; give one of them"
        )
    return Model(pulled, threads)


class Model:
    """A model that is ready to measure. Make one with `heelstrike.load`.

    Everywhere `mm_per_px` is the side of a pixel in millimetres (None: what a medical image's file says, else unknown),
    and `about` what else no pixel tells, for instance `{"foot": "left"}`.

    Attributes:
        reference: `rearfoot/3` for a version of a registry, else the folder that was given.
        version: The registry's version; None for a folder.
        manifest: What the package is: input size, filters, thresholds, test metrics.
    """

    def __init__(self, pulled: Pulled, threads: int = 0) -> None:
        self._package = Package.load(pulled.folder, threads)
        self.reference, self.version = pulled.reference, pulled.version
        self.manifest: Manifest = self._package.manifest

    def __repr__(self) -> str:
        return f"<heelstrike.Model {self.reference}, package {self.manifest.digest[:12]}>"

    @property
    def problem(self) -> str:
        """Name of what the model was trained for."""
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
        """Answers of less confidence count as missing."""
        return self.manifest.confidence

    def predict(
        self,
        path: str | os.PathLike[str],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> Result:
        """Measure an image or a video and keep the results of all its frames. Writes nothing; see `write`.

        Args:
            path: An image (medical ones need the extra `scans`) or a video.
            mm_per_px: See `Model`.
            about: See `Model`.

        Raises:
            UserError: The file cannot be read, is a folder, or the model has to know more about it.
        """
        file, known = Path(path), About(mm_per_px, about or {})
        if file.is_dir():
            raise UserError(f"{file}: is a folder; use predict_folder, or write to get files")
        return self._image(file, known) if is_image(file.name) else self._video(file, known)

    def predict_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> Generator[Result, None, None]:
        """Measure every image and video in a folder and the folders in it, one after the other.

        Args:
            folder: Results that lie in it and hidden files are left out.
            mm_per_px: See `Model`.
            about: See `Model`.

        Raises:
            UserError: A file cannot be read, or there is none. To go on after a file that is damaged, call `predict`
                on one after the other, or use `write`, which lists what failed.
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
            image: uint8, as displayed; OpenCV's own order is BGR, so turn it first: `image[..., ::-1]`.
            mm_per_px: See `Model`.
            about: See `Model`.

        Raises:
            UserError: It is no such array, or the model has to know more about it.
        """
        return self._measurer(About(mm_per_px, about or {})).image(image)

    def frames(
        self,
        source: str | os.PathLike[str] | Iterable[UInt8[np.ndarray, "H W 3"]],
        *,
        mm_per_px: float | None = None,
        about: Mapping[str, str] | None = None,
    ) -> Generator[FrameResult, None, None]:
        """Measure the frames of one video as they come, so that memory stays flat however long it is.

        Args:
            source: A video, decoded ahead in threads of its own; or RGB images in order from the first, of a camera for
                instance, taken one by one in the caller's thread, whose results have no time stamp.
            mm_per_px: See `Model`.
            about: See `Model`.

        Raises:
            UserError: The video cannot be read or is damaged, after the good frames were given.
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
    ) -> Report:
        """Measure an image, a video or a folder of them and write the files that `heelstrike predict` writes.

        Args:
            path: Image, video or folder.
            out: Folder for the results; by default beside the input.
            overlay: Also draw the result into a copy.
            mm_per_px: See `Model`.
            about: See `Model`.

        Returns:
            What was written, with a summary of each input, and what failed: a bad file in a folder stops no other.

        Raises:
            UserError: There is nothing to predict on, or the one file cannot be read or written.
        """
        given = Path(path)
        beside = given if given.is_dir() else given.parent
        name = ModelReference(self.reference, None if self.version is None else str(self.version))
        known = About(mm_per_px, about or {})
        return predict_path(given, self._package, name, Path(out) if out is not None else beside, overlay, known)

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
        with VideoReader(file) as video, closing(measurer.video(video.frames())) as results:
            frames, size = [], (0, 0)
            for frame, result in results:
                frames.append(result)
                size = frame.image.shape[1], frame.image.shape[0]
            source = Source(file.name, "video", *size, float(video.rate), about.scale())
        return _result(source, frames, measurer)


def _results_of(measurer: Measurer, file: Path) -> Generator[FrameResult, None, None]:
    with VideoReader(file) as video, closing(measurer.video(video.frames())) as results:
        for _, result in results:
            yield result


def _result(source: Source, frames: list[FrameResult], measurer: Measurer) -> Result:
    tally = Tally(measurer.measure)
    for frame in frames:
        tally.add(frame.measurement, frame.reliable)
    return Result(source, tuple(frames), tally.summary)
