"""The deps that state what a stage runs: folders where it runs at least half of them, otherwise their files."""

from pathlib import Path

from pipeline.dependencies.closure import EXEMPT
from pipeline.dependencies.source import PACKAGES, Source


def code_deps(source: Source, needed: frozenset[str]) -> list[str]:
    """The folders and files that hold everything needed, in the order of their names.

    Args:
        source: All source.
        needed: Paths of what a stage runs, relative to the root.
    """
    apart = source.empty | EXEMPT.keys()
    paths = [path for name, path in source.modules.items() if name not in apart] + source.files
    counted = {path.relative_to(source.root).as_posix() for path in paths}
    return [dep for package in PACKAGES for dep in _parts(Path(package), needed, counted)]


def _cover(folder: Path, needed: frozenset[str], counted: set[str]) -> list[str]:
    """The folder, where at least half of it is needed; otherwise what covers its parts."""
    inside = _inside(folder, counted)
    if 2 * len(inside & needed) >= len(inside):
        return [folder.as_posix()]
    return _parts(folder, needed, counted)


def _parts(folder: Path, needed: frozenset[str], counted: set[str]) -> list[str]:
    """The needed files directly in the folder, and what covers its subfolders."""
    inside = _inside(folder, counted) & needed
    deps = list[str]()
    for path in sorted({folder / Path(path).relative_to(folder).parts[0] for path in inside}):
        deps += [path.as_posix()] if path.as_posix() in needed else _cover(path, needed, counted)
    return deps


def _inside(folder: Path, paths: set[str]) -> set[str]:
    return {path for path in paths if path.startswith(f"{folder.as_posix()}/")}
