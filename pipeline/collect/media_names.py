"""The files that a label file means by the names of its images and videos.

Label files are made on other machines. Their names may be addresses, have percent signs in place of characters, be
absolute paths of another machine, or differ from the file in upper and lower case or in the normal form of Unicode.
"""

import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pandas as pd

from heelstrike.media import files_below
from pipeline.collect.findings import Findings
from pipeline.collect.labels import path_below

_DRIVE = re.compile(r"^[A-Za-z]:/")
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://[^/]*")
_FILE = "file://"


def find_media(root: Path, folder: Path, names: pd.Series, findings: Findings) -> pd.Series:
    """Return the files that a label file names, as paths relative to `root` with forward slashes.

    A name is first taken as a path relative to `folder`. If there is no such file, these are tried in turn: the name
    with its percent signs decoded; a file whose path differs only in upper and lower case or in Unicode's normal form;
    and for addresses and absolute paths the one file below `folder` that agrees with most of the path's end, at least
    in its name. Nothing outside `root` is taken.

    Args:
        root: Folder that all media of the source are relative to.
        folder: Folder that names in the label file are relative to.
        names: Name for each label.
        findings: Gets a finding for each name that several files fit equally, and a note if files were taken whose path
            is not the one that is stated.

    Returns:
        Paths with the index of `names`. The path of a name without a file is where the file would be, which is checked
        by `make_labels`; it starts with ``..`` if that is outside `root`.
    """
    search = _Search(root, folder, findings)
    paths = {name: search.path(str(name)) for name in names.unique()}
    for reason, pairs in search.taken.items():
        name, path = pairs[0]
        findings.note(f"{len(pairs)} names {reason}; the file was taken that is there, such as {path} for {name!r}")
    return names.map(paths)


@dataclass
class _Search:
    """The search for the files of one label file, which lists each folder once.

    Attributes:
        taken: Pairs of name and path that was taken in its place, by the way in which they differ.
    """

    root: Path
    folder: Path
    findings: Findings
    taken: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _entries: dict[Path, dict[str, list[str]]] = field(default_factory=dict)
    _absolute: dict[str, str] = field(default_factory=dict)
    _files: dict[str, list[Path]] | None = None

    def path(self, name: str) -> str:
        """Return the path of the file that a name means; if there is none, the path that the name states."""
        stated = self._below(name)
        if self._is_file(stated):
            return stated
        plain = name.strip().replace("\\", "/")
        for text in dict.fromkeys((plain, unquote(plain))):
            absolute = _path_of_another_machine(text)
            reason, files = "differ from the file in spelling (upper and lower case, or accents)", self._alike(text)
            if absolute is not None:
                reason, files = "are paths of another machine or addresses", self._ending(absolute)
                self._check_one_path(absolute, files)
            elif text != plain and self._is_file(self._below(text)):
                reason, files = "have percent signs in place of characters", [self._below(text)]
            if len(files) > 1:
                self.findings.add(
                    f"{name!r} could be {' or '.join(files[:5])}; state the path relative to the label file"
                )
            if files:
                self.taken.setdefault(reason, []).append((name, files[0]))
                return files[0]
        return stated

    def _check_one_path(self, absolute: str, files: list[str]) -> None:
        """Add a finding if another path of the other machine has led to the same file."""
        earlier = self._absolute.setdefault(files[0], absolute) if files else absolute
        if _key(earlier) != _key(absolute):
            self.findings.add(
                f"{earlier!r} and {absolute!r} both lead to {files[0]}; put both files below the label file with the "
                "folders that tell them apart"
            )

    def _below(self, name: str) -> str:
        return path_below(self.root, self.folder, name)

    def _is_file(self, path: str) -> bool:
        return not is_outside(path) and "\0" not in path and (self.root / path).is_file()

    def _alike(self, name: str) -> list[str]:
        """Return the files below the root whose paths from the folder differ from the name only in spelling."""
        stated = self._below(name)
        if is_outside(stated):
            return []
        folders = [self.root]
        for part in PurePosixPath(stated).parts:
            folders = [folder / entry for folder in folders for entry in self._listed(folder).get(_key(part), [])]
        return [os.path.relpath(path, self.root) for path in folders if path.is_file()]

    def _listed(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._entries:
            entries: dict[str, list[str]] = {}
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                entries.setdefault(_key(path.name), []).append(path.name)
            self._entries[folder] = entries
        return self._entries[folder]

    def _ending(self, path: str) -> list[str]:
        """Return the files below the folder that agree with most of the end of a path, at least in their name."""
        if self._files is None:
            self._files = {}
            for file in files_below(self.folder) if self.folder.is_dir() else []:
                self._files.setdefault(_key(file.name), []).append(file)
        parts = [_key(part) for part in PurePosixPath(path).parts]
        files = self._files.get(parts[-1], []) if parts else []
        agreement = {file: _common_end(parts, [_key(part) for part in file.parts]) for file in files}
        best = max(agreement.values(), default=0)
        return [os.path.relpath(file, self.root) for file in files if agreement[file] == best]


def is_outside(path: str) -> bool:
    """Return True if a path relative to a folder leaves it."""
    return PurePosixPath(path).parts[:1] == ("..",) or path.startswith("/")


def _path_of_another_machine(name: str) -> str | None:
    """Return the path in an absolute path or an address, `None` for a relative path."""
    if name.lower().startswith(_FILE):
        return _DRIVE.sub("", name[len(_FILE) :].lstrip("/")) or None
    if address := _ADDRESS.match(name):
        return name[address.end() :].partition("?")[0].lstrip("/") or None
    if _DRIVE.match(name):
        return name[3:]
    return name.lstrip("/") if name.startswith("/") else None


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _common_end(a: list[str], b: list[str]) -> int:
    count = 0
    for x, y in zip(reversed(a), reversed(b), strict=False):
        if x != y:
            break
        count += 1
    return count
