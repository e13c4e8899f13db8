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


def predict_path(
    path: Path, package: Package, model: ModelReference, out: Path, overlay: bool = False, about: About | None = None
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
    writer = Writer(package, model, overlay, about or About())
    report = Report(ignored=inputs.ignored)
    with progress(f"predict {path.name}", sum(map(_length, inputs.files))) as bar:
        for file in inputs.files:
            try:
                report.done.append(writer.write(file, out / file.relative_to(inputs.base), bar.advance))
            except UserError as error:
                report.failed.append((file, str(error)))
            except OSError as error:
                report.failed.append((file, f"{error.filename or file}: {error.strerror or error}"))
    if path.is_dir():
        report.exams.extend(writer.exams([file for file, _ in report.failed]))
    if not path.is_dir() and report.failed:
        raise UserError(report.failed[0][1])
    return report


def _length(file: Path) -> int:
    """Frames to expect, for the progress bar only: what cannot be read counts as one and is reported in its turn."""
    if is_image(file.name):
        return 1
    try:
        with VideoReader(file) as video:
            return video.declared_frames or 1
    except (UserError, OSError):
        return 1
