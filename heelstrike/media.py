"""What a file is, and which files lie below a folder: one rule for ingest, collect and predict."""

import fnmatch
import os
import unicodedata
from pathlib import Path
from typing import Literal

from heelstrike.errors import UserError

IMAGES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp")
"""Ordinary images, with 8 bits per value; PNG and TIFF may have more."""

MEDICAL = (".mha", ".nii", ".nii.gz", ".dcm", ".dicom")
"""Medical images. A file has to hold one image, not a volume. DICOM is also known by its content."""

VIDEOS = (
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".avi", ".divx", ".mkv", ".webm", ".ogv", ".wmv", ".asf", ".flv"),
    *(".mpg", ".mpeg", ".m2v", ".ts", ".mts", ".m2ts", ".m2t", ".mod", ".tod", ".vob", ".mxf", ".dv"),
)

MEDIA = (*IMAGES, *MEDICAL, *VIDEOS)

KNOWN = " ".join(sorted(suffix.removeprefix(".") for suffix in MEDIA)) + ", and DICOM by its content"
"""All suffixes, for messages."""

Kind = Literal["image", "scan", "video"]

_DICOM_AT, _DICOM = 128, b"DICM"  # DICOM PS3.10, 7.1
_SYSTEM = (
    "dicomdir",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__macosx",
    "$recycle.bin",
    "system volume information",
)
_SUFFIXES: tuple[tuple[tuple[str, ...], Kind], ...] = ((IMAGES, "image"), (MEDICAL, "scan"), (VIDEOS, "video"))


def kind_of(path: Path | str) -> Kind | None:
    """Return what a file is: an ordinary image, a scan (a medical image) or a video; `None` for any other file.

    The suffix decides, in upper or lower case. A file with an unknown suffix or without one is a scan if its content
    is DICOM; for this the path has to lead to the file.
    """
    name = os.fspath(path).lower()
    for suffixes, kind in _SUFFIXES:
        if name.endswith(suffixes):
            return kind
    return "scan" if is_dicom(Path(path)) else None


def is_image(path: Path | str) -> bool:
    """Return True if a file is read as a still image, which includes medical images (see `kind_of`)."""
    return kind_of(path) in ("image", "scan")


def is_video(path: Path | str) -> bool:
    """Return True if a file is read as a video (see `kind_of`)."""
    return kind_of(path) == "video"


def is_dicom(path: Path) -> bool:
    """Return True if the content of a file is DICOM; False if there is no such file."""
    try:
        with path.open("rb") as stream:
            return stream.read(_DICOM_AT + len(_DICOM))[_DICOM_AT:] == _DICOM
    except (OSError, ValueError):  # a ValueError for a name with a null character
        return False


def is_hidden(name: str) -> bool:
    """Return True for names of files and folders that no person put there: `.DS_Store`, `._a.mp4`, `Thumbs.db`."""
    return name.startswith(".") or name.lower() in _SYSTEM


def files_below(folder: Path) -> list[Path]:
    """Return all files in a folder and its subfolders, sorted.

    Linked folders are followed. Every folder is entered once, by its own path rather than by a link if it has both, so
    that links in a loop end. Hidden files and folders are left out (see `is_hidden`), and so are pipes and devices.

    Raises:
        UserError: A folder cannot be listed.
    """
    top = folder.resolve()
    entered, links, files = {top, *top.parents}, list[Path](), list[Path]()
    _enter(folder, entered, links, files)
    while links:
        waiting, links = sorted(links), []
        for link in waiting:
            target = link.resolve()
            if target not in entered:
                entered.add(target)
                _enter(link, entered, links, files)
    return sorted(files)


def _enter(folder: Path, entered: set[Path], links: list[Path], files: list[Path]) -> None:
    """Add the files of a folder and its real subfolders to `files`, and the linked subfolders to `links`."""
    waiting = [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            path = Path(entry.path)
            if entry.is_file():
                files.append(path)
            elif entry.is_dir() and entry.is_symlink():
                links.append(path)
            elif entry.is_dir() and path.resolve() not in entered:
                entered.add(path.resolve())
                waiting.append(path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not is_hidden(entry.name) and not _leads_nowhere(entry)]
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be listed ({error.strerror}); allow it to be read, or move it away"
        ) from None


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Return True for a link to nothing, to itself, or to a place where this process may not look."""
    if not entry.is_symlink():
        return False
    try:
        Path(entry.path).stat()
    except OSError:
        return True
    return False


def files_matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files of `files_below` whose path relative to the folder matches a pattern.

    `*`, `?` and `[...]` stand for characters within one part of the path, and a part `**` for any number of folders.
    """
    if not folder.is_dir():
        return []
    wanted = tuple(part for part in _normal(pattern).split("/") if part not in ("", "."))
    below = ((path, _normal(path.relative_to(folder).as_posix())) for path in files_below(folder))
    return [path for path, name in below if _matches(tuple(name.split("/")), wanted)]


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)  # macOS writes decomposed letters


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
