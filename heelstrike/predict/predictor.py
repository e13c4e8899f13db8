"""Predict on an image, a video or a folder of them, and write the result files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.files import clear_asides
from heelstrike.media import is_image
from heelstrike.monitor.watch import Watch
from heelstrike.package.runtime import Package
from heelstrike.predict.exams import Examined
from heelstrike.predict.measurer import About
from heelstrike.predict.results import ModelReference
from heelstrike.predict.sources import find_inputs
from heelstrike.predict.writing import Predicted, Tick, Writer
from heelstrike.progress import progress
from heelstrike.video.reader import VideoReader


@dataclass
class Report:
    """What was done with every input.

    Attributes:
        done: The inputs that were predicted on, in order.
        failed: The inputs, and folders of exams, whose results could not be made, each with the reason. Nothing was
            written for them.
        exams: The results of exams, measured on all images of a folder together; empty if the model measures no exams.
        ignored: Other files in the folder, as in `Inputs`.
    """

    done: list[Predicted] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    exams: list[Examined] = field(default_factory=list)
    ignored: tuple[Path, ...] = ()


def predict_path(
    path: Path,
    package: Package,
    model: ModelReference,
    out: Path,
    overlay: bool = False,
    about: About | None = None,
    most_frames: int | None = None,
    watch: Watch | None = None,
) -> Report:
    """Predict on an image, a video or every image and video in a folder.

    For `walk.mp4` it writes `walk.mp4.json`, `walk.mp4.csv` and on request `walk.mp4.overlay.mp4` to `out`, each
    completely or not at all. It writes only over results of Heelstrike, as `heelstrike.predict.ownership` knows them,
    and removes what killed processes left unfinished. Results keep the relative paths of the files in the folder. If
    the model measures exams, the images of each folder are one exam, and `FOLDER.volume.json` is written beside their
    results.

    Args:
        path: Image, video or folder.
        package: A verified package.
        model: The model's name and version for the results.
        out: Folder for the results; created if it is missing.
        overlay: True to draw the predictions into a copy of the image or video as well.
        about: What is known about all inputs.
        most_frames: A video of more frames fails; `None` means that any length is measured.
        watch: Notes what the model sees beside the results (docs/monitor.md); `None` to note nothing.

    Returns:
        What was done and what failed. A bad file in a folder does not stop the others.

    Raises:
        UserError: There is nothing to predict on, the package needs to know more about the images, or `path` is a file
            and cannot be read or its results cannot be written.
    """
    inputs = find_inputs(path, out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; results need a folder, so give another path")
    writer = Writer(package, model, overlay, about or About(), watch)
    targets = {file: out / file.relative_to(inputs.base) for file in inputs.files}
    for folder in sorted({target.parent for target in targets.values()}):
        clear_asides(folder)
    report = Report(ignored=inputs.ignored)
    with progress(f"predict {path.resolve().name}", sum(map(_length, inputs.files))) as bar:
        for file, target in targets.items():
            with _failures_of(file, report):
                report.done.append(writer.write(file, target, _limited(bar.advance, file, most_frames)))
    if path.is_dir():
        _write_exams(writer, report)
    elif report.failed:
        raise UserError(report.failed[0][1])
    return report


def _limited(tick: Tick, file: Path, most_frames: int | None) -> Tick:
    """Return a function that calls `tick` for each frame of a file, and raises for one frame too many."""
    if most_frames is None:
        return tick
    frames = 0

    def counted() -> None:
        nonlocal frames
        frames += 1
        if frames > most_frames:
            raise UserError(f"{file}: has more than {most_frames} frames; cut it into shorter videos")
        tick()

    return counted


def _write_exams(writer: Writer, report: Report) -> None:
    if writer.exams is None:
        return
    for file, _ in report.failed:
        if is_image(file):
            writer.exams.fail(file)
    for folder in writer.exams.folders:
        with _failures_of(folder, report):
            report.exams.append(writer.exams.write(folder))


@contextmanager
def _failures_of(file: Path, report: Report) -> Iterator[None]:
    """Note the reason if the block fails, so that one bad input does not stop the others of its folder."""
    try:
        yield
    except UserError as error:
        report.failed.append((file, str(error)))
    except OSError as error:
        report.failed.append((file, f"{error.filename or file}: {error.strerror or error}"))
    except MemoryError:
        report.failed.append((file, f"{file}: not enough memory for it; give a smaller image or video"))
    except Exception as error:  # whatever a decoder or a graph raises on a file that nobody has tried yet
        report.failed.append((file, f"{file}: {type(error).__name__}: {error}"))


def _length(file: Path) -> int:
    """Return the number of frames for the progress bar; 1 for a file that cannot be read, which is reported later."""
    if is_image(file):
        return 1
    try:
        with VideoReader(file) as video:
            return video.declared_frames or 1
    except (UserError, OSError):
        return 1
