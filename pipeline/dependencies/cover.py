"""The deps of a stage's code in dvc.yaml: a folder if the stage runs at least half of it, otherwise single files."""

from pathlib import Path

from pipeline.dependencies.closure import EXEMPT
from pipeline.dependencies.source import PACKAGES, SourceCode


def code_deps(source: SourceCode, needed: frozenset[str]) -> list[str]:
    """Return the folders and files that cover all needed paths, sorted by name.

    Args:
        source: All source code.
        needed: Paths of the code that a stage runs, relative to the root.
    """
    ignored = source.empty | EXEMPT.keys()
    paths = [path for name, path in source.modules.items() if name not in ignored] + source.files
    counted = {path.relative_to(source.root).as_posix() for path in paths}
    return [dep for package in PACKAGES for dep in _parts(Path(package), needed, counted)]


def _cover(folder: Path, needed: frozenset[str], counted: set[str]) -> list[str]:
    """Return the folder if at least half of it is needed; otherwise the deps that cover its parts."""
    inside = _inside(folder, counted)
    if 2 * len(inside & needed) >= len(inside):
        return [folder.as_posix()]
    return _parts(folder, needed, counted)


def _parts(folder: Path, needed: frozenset[str], counted: set[str]) -> list[str]:
    """Return the needed files directly in the folder, and the deps that cover its subfolders."""
    inside = _inside(folder, counted) & needed
    deps = list[str]()
    for path in sorted({folder / Path(path).relative_to(folder).parts[0] for path in inside}):
        deps += [path.as_posix()] if path.as_posix() in needed else _cover(path, needed, counted)
    return deps


def _inside(folder: Path, paths: set[str]) -> set[str]:
    return {path for path in paths if path.startswith(f"{folder.as_posix()}/")}
