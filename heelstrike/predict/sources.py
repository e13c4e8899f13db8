"""The inputs at a path that the user gives: images, videos, and files to ignore."""

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
"""Suffixes of result files. They may lie beside the inputs, and are not inputs themselves."""


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

    Hidden files, results of earlier runs and everything in `out` are left out.

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
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        if any(part.startswith(".") for part in file.relative_to(path).parts) or _within(file, out, path):
            continue
        if file.name.lower().endswith(_RESULTS):
            continue
        (files if is_image(file.name) or is_video(file.name) else ignored).append(file)
    if not files:
        others = f"{len(ignored)} other files" if ignored else "no files"
        raise UserError(f"{path}: no image or video in this folder, found {others}; known types are {KNOWN}")
    return Inputs(path, tuple(files), tuple(ignored))


def _within(file: Path, out: Path, folder: Path) -> bool:
    """Return True if the file is in the output folder and that is a folder below the input folder."""
    inside, top = out.resolve(), folder.resolve()
    return inside != top and inside.is_relative_to(top) and file.resolve().is_relative_to(inside)
