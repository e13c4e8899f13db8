"""The inputs at a path that the user gives: images, videos, and files to ignore."""

from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.measure.build import EXAM_MEASURES, MEASURES
from heelstrike.media import KNOWN, MEDIA, files_below, is_dicom, kind_of

OVERLAY = ".overlay"
_MEASURED = tuple(suffix for measure in MEASURES.values() for suffix in measure.suffixes)
_ENDINGS = (".json", ".csv", f"{OVERLAY}.mp4", f"{OVERLAY}.png", *_MEASURED)
"""What the name of a result file adds to the name of its input."""
_RESULTS = (
    *(f"{suffix}{ending}" for suffix in MEDIA for ending in _ENDINGS),
    *(measure.suffix for measure in EXAM_MEASURES.values()),
)


@dataclass(frozen=True)
class Inputs:
    """Files to predict on.

    Attributes:
        base: Folder that contains the files; results keep the paths relative to it.
        files: Images and videos, sorted.
        ignored: Other files in the folder.
    """

    base: Path
    files: tuple[Path, ...]
    ignored: tuple[Path, ...] = ()


def find_inputs(path: Path, out: Path) -> Inputs:
    """Find the images and videos at a path: the file itself, or all files in the folder and its subfolders.

    Linked folders are followed (see `files_below`). Hidden files, results of earlier runs and everything in `out` are
    left out.

    Args:
        path: A file or a folder.
        out: Folder for the results.

    Raises:
        UserError: The path does not exist, or the folder has no image or video.
    """
    if path.is_file():
        return Inputs(path.parent, (path,))
    if not path.is_dir():
        raise UserError(f"{path}: does not exist; give a video, an image or a folder of them")
    files: list[Path] = []
    ignored: list[Path] = []
    for file in files_below(path):
        if _is_result(file) or _within(file, out, path):
            continue
        (files if kind_of(file) else ignored).append(file)
    if not files:
        others = f"{len(ignored)} other files" if ignored else "no files"
        raise UserError(f"{path}: no image or video in this folder, found {others}; known types are {KNOWN}")
    return Inputs(path, tuple(files), tuple(ignored))


def _is_result(file: Path) -> bool:
    """Return True for result files. They may lie beside the inputs, and are not inputs themselves."""
    if file.name.lower().endswith(_RESULTS):
        return True
    inputs = (file.with_name(file.name.removesuffix(ending)) for ending in _ENDINGS if file.name.endswith(ending))
    return any(is_dicom(input_file) for input_file in inputs)  # DICOM may have any suffix or none


def _within(file: Path, out: Path, folder: Path) -> bool:
    """Return True if the file is in the output folder and that is a folder below the input folder."""
    inside, top = out.resolve(), folder.resolve()
    return inside != top and inside.is_relative_to(top) and file.resolve().is_relative_to(inside)
