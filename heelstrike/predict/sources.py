"""The inputs at a path that the user gives: images, videos, and files to ignore."""

from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.media import KNOWN, files_below, kind_of
from heelstrike.predict.ownership import OVERLAY_IMAGE, OVERLAY_VIDEO, is_result


@dataclass(frozen=True)
class Inputs:
    """Files to predict on.

    Attributes:
        base: Folder that contains the files; results keep the paths relative to it.
        files: Images and videos, sorted.
        ignored: Other files in the folder, and files named as an overlay of an input that do not say what wrote them.
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
        if is_result(file) or _within(file, out, path):
            continue
        is_input = kind_of(file) and not _is_named_as_overlay(file)
        (files if is_input else ignored).append(file)
    if not files:
        others = f"{len(ignored)} other files" if ignored else "no files"
        raise UserError(f"{path}: no image or video in this folder, found {others}; known types are {KNOWN}")
    return Inputs(path, tuple(files), tuple(ignored))


def _is_named_as_overlay(file: Path) -> bool:
    """Return True for `walk.mp4.overlay.mp4` beside `walk.mp4`, as older versions wrote it, without a note inside."""
    name = file.name.lower()
    suffix = next((suffix for suffix in (OVERLAY_IMAGE, OVERLAY_VIDEO) if name.endswith(suffix)), None)
    return suffix is not None and file.with_name(file.name[: -len(suffix)]).is_file()


def _within(file: Path, out: Path, folder: Path) -> bool:
    """Return True if the file is in the output folder and that is a folder below the input folder."""
    inside, top = out.resolve(), folder.resolve()
    return inside != top and inside.is_relative_to(top) and file.resolve().is_relative_to(inside)
