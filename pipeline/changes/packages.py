"""Packages whose versions differ between two environments, or from those with which a problem's stages ran."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.changes.versions import LOCK, Repository
from pipeline.environment import installed, pinned
from pipeline.layout import environment_file

REQUIREMENTS = "requirements.txt"


def changed_packages(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return `NAME OLD → NEW` of each package that differs, sorted by name."""
    return [
        f"{name} {old.get(name, 'not there')} → {new.get(name, 'not there')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def packages_since_lock(root: Path, problem: str) -> list[str]:
    """Return the packages that differ from those with which the problem's stages ran, each with where it differs.

    Both requirements.txt and what is installed are compared with their state at the newest commit of dvc.lock. What was
    installed then stands in the file that the retrain committed with it; without that file, the packages of
    requirements.txt count.
    """
    repository = Repository(root)
    commit = next(iter(repository.commits_of(LOCK)), None)
    if commit is None:
        return []
    pins = _packages_at(repository, commit, REQUIREMENTS)
    file = root / REQUIREMENTS
    in_file = changed_packages(pins, pinned(file.read_text(errors="replace")) if file.is_file() else {})
    present = installed()
    before = _packages_at(repository, commit, environment_file(problem))
    if not before:
        before, present = pins, {name: version for name, version in present.items() if name in pins}
    here = changed_packages(before, present)
    return [f"{change} ({REQUIREMENTS})" for change in in_file] + [f"{c} (installed)" for c in here if c not in in_file]


def _packages_at(repository: Repository, commit: str, path: str) -> dict[str, str]:
    return pinned(repository.contents(commit, path).get(path, b"").decode(errors="replace"))
