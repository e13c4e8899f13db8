"""What a path given by a user holds: images and videos, and what else lies there."""

from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.measure.build import EXAM_MEASURES, MEASURES
from heelstrike.media import KNOWN, MEDIA, is_image, is_video

OVERLAY = ".overlay"
_MEASURED = tuple(suffix for measure in MEASURES.values() for suffix in measure.suffixes)
_RESULTS = (
    *(f"{m}{r}" for m in MEDIA for r in (".json", ".csv", f"{OVERLAY}.mp4", f"{OVERLAY}.png", *_MEASURED)),
    *(measure.suffix for measure in EXAM_MEASURES.values()),
)
"""Ends of the names that results have: they lie beside their inputs where no other folder is asked for."""


@dataclass(frozen=True)
class Inputs:
    """Files to predict on.

    Attributes:
        base: Folder that the files' result paths are relative to.
        files: Images and videos, sorted.
        ignored: Files of the folder that are neither.
    """

    base: Path
    files: tuple[Path, ...]
    ignored: tuple[Path, ...] = ()


def find_inputs(path: Path, out: Path) -> Inputs:
    """The images and videos that a path means: itself, or all in the folder and the folders in it.

    Hidden files, results of earlier runs and everything in `out` are no inputs.

    Raises:
        UserError: There is nothing at the path, or nothing in the folder that could be an image or a video.
    """
    if path.is_file():
        return Inputs(path.parent, (path,))
    if not path.is_dir():
        raise UserError(f"{path}: not there; give a video, an image or a folder of them")
    files: list[Path] = []
    ignored: list[Path] = []
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        if any(part.startswith(".") for part in file.relative_to(path).parts) or _within(file, out, path):
            continue
        if file.name.endswith(_RESULTS):
            continue
        (files if is_image(file.name) or is_video(file.name) else ignored).append(file)
    if not files:
        found = f"{len(ignored)} other files" if ignored else "no files"
        raise UserError(f"{path}: no image or video in this folder, found {found}; known are {KNOWN}")
    return Inputs(path, tuple(files), tuple(ignored))


def _within(file: Path, out: Path, folder: Path) -> bool:
    """Whether the file lies in the output folder, where that is a folder below the input folder."""
    inside, top = out.resolve(), folder.resolve()
    return inside != top and file.resolve().is_relative_to(inside)
