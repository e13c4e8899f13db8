"""Images and videos that a label file names by a path of another machine or folder."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from heelstrike.media import kind_of
from pipeline.collect.findings import Findings
from pipeline.collect.labels import media_below


class MediaFiles:
    """Finds the files that a label file names.

    A path is taken as it is stated, relative to the first folder that has such a file. Label files are often moved
    without their images, or state a path of another machine (also of Windows). If no folder has the file, leading
    folders of the path are left out, one after another, until there is such a file.

    Args:
        root: The folder that all media of the source are relative to.
        folders: Folders to search, the first has precedence.
        findings: Gets a finding if two stated paths lead to one file.
    """

    def __init__(self, root: Path, folders: Sequence[Path], findings: Findings) -> None:
        self._root, self._folders, self._findings = root, folders, findings
        self._paths: dict[str, str] = {}
        self._stated: dict[str, str] = {}

    def path(self, stated: str) -> str:
        """Return the path of a file relative to the root; if it is not there, where it was expected first."""
        if stated not in self._paths:
            names = self._names(stated)
            paths = [self._below(folder, name) for name in names for folder in self._folders]
            expected = self._below(self._folders[0], names[-1] if _is_absolute(stated) else names[0])
            self._paths[stated] = next(filter(self._is_file, paths), expected)
            self._check_unique(stated, self._paths[stated])
        return self._paths[stated]

    def _names(self, stated: str) -> list[str]:
        """Return the stated path, unless it is absolute, and its ends without leading folders, longest first."""
        path = stated.strip().replace("\\", "/")
        parts = [part for part in PurePosixPath(path).parts if part not in ("/", ".", "..") and not part.endswith(":")]
        ends = ["/".join(parts[start:]) for start in range(len(parts))]
        return ends or ["."] if _is_absolute(stated) else [path, *ends]

    def _below(self, folder: Path, name: str) -> str:
        return str(media_below(self._root, folder, pd.Series([name], dtype="str")).iloc[0])

    def _is_file(self, path: str) -> bool:
        file = self._root / path
        return not path.startswith("..") and file.is_file() and kind_of(file) is not None

    def _check_unique(self, stated: str, path: str) -> None:
        earlier = self._stated.setdefault(path, stated)
        if _normal(earlier) != _normal(stated):
            self._findings.add(
                f"{earlier!r} and {stated!r} both lead to {path}; put each file where the label file expects it"
            )


def _is_absolute(stated: str) -> bool:
    path = stated.strip().replace("\\", "/")
    return path.startswith("/") or path[1:2] == ":"


def _normal(stated: str) -> str:
    return PurePosixPath(stated.strip().replace("\\", "/")).as_posix()
