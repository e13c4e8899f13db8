"""Predict on an image, a video or a folder of them, and write the result files."""

from dataclasses import dataclass, field
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.media import is_image
from heelstrike.package.runtime import Package
from heelstrike.predict.exams import Examined
from heelstrike.predict.measurer import About
from heelstrike.predict.results import ModelReference
from heelstrike.predict.sources import find_inputs
from heelstrike.predict.writing import Predicted, Writer
from heelstrike.progress import progress
from heelstrike.video.reader import VideoReader


@dataclass
class Report:
    """What was done with every input.

    Attributes:
        done: The inputs that were predicted on, in order.
        failed: The inputs that could not be read or written, each with the reason. Nothing was written for them.
        exams: The results of exams, measured on all images of a folder together; empty if the model measures no exams.
        ignored: Files in the folder that are neither image nor video.
    """

    done: list[Predicted] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    exams: list[Examined] = field(default_factory=list)
    ignored: tuple[Path, ...] = ()


def predict_path(
    path: Path, package: Package, model: ModelReference, out: Path, overlay: bool = False, about: About | None = None
) -> Report:
    """Predict on an image, a video or every image and video in a folder.

    For `walk.mp4` it writes `walk.mp4.json`, `walk.mp4.csv` and on request `walk.mp4.overlay.mp4` to `out`, each
    completely or not at all. Results keep the relative paths of the files in the folder. If the model measures exams,
    the images of each folder are one exam, and `FOLDER.volume.json` is written beside their results.

    Args:
        path: Image, video or folder.
        package: A verified package.
        model: The model's name and version for the results.
        out: Folder for the results; created if it is missing.
        overlay: True to draw the predictions into a copy of the image or video as well.
        about: What is known about all inputs.

    Returns:
        What was done and what failed. A bad file in a folder does not stop the others.

    Raises:
        UserError: There is nothing to predict on, the package needs to know more about the images, or `path` is a file
            and cannot be read or its results cannot be written.
    """
    inputs = find_inputs(path, out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; results need a folder, so give another path")
    writer = Writer(package, model, overlay, about or About())
    report = Report(ignored=inputs.ignored)
    with progress(f"predict {path.resolve().name}", sum(map(_length, inputs.files))) as bar:
        for file in inputs.files:
            try:
                report.done.append(writer.write(file, out / file.relative_to(inputs.base), bar.advance))
            except UserError as error:
                report.failed.append((file, str(error)))
            except OSError as error:
                report.failed.append((file, f"{error.filename or file}: {error.strerror or error}"))
    if path.is_dir():
        report.exams.extend(writer.exams([file for file, _ in report.failed]))
    elif report.failed:
        raise UserError(report.failed[0][1])
    return report


def _length(file: Path) -> int:
    """Return the number of frames for the progress bar; 1 for a file that cannot be read, which is reported later."""
    if is_image(file):
        return 1
    try:
        with VideoReader(file) as video:
            return video.declared_frames or 1
    except (UserError, OSError):
        return 1
