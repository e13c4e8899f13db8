"""In what two versions differ: data, settings, code, environment."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from pipeline.changes.code import changed_definitions
from pipeline.changes.packages import changed_packages
from pipeline.changes.values import changed_values
from pipeline.dependencies.source import PACKAGES
from pipeline.review.inputs import Inputs
from pipeline.splits import SPLITS

_MOST = 40  # lines of a kind


def differences(root: Path, old: Inputs, new: Inputs) -> dict[str, list[str]]:
    """Return lines by kind: data, settings, code, environment. A kind without lines does not differ.

    Args:
        root: The repository root, for the commits.
        old: Inputs of the first version.
        new: Inputs of the second version.
    """
    found = {
        "data": _data(old, new),
        "settings": _settings(old, new),
        "code": _code(root, old, new),
        "environment": _environment(old, new),
    }
    return {kind: _at_most(lines) for kind, lines in found.items()}


def _data(old: Inputs, new: Inputs) -> list[str]:
    if not old.sources or not new.sources:
        tags = [name for name in ("dvc.raw", "dvc.collect", "dvc.split") if old.tags.get(name) != new.tags.get(name)]
        return [f"other {name.removeprefix('dvc.')}: {old.tags.get(name)} → {new.tags.get(name)}" for name in tags]
    lines = []
    for split in SPLITS:
        before, after = ({s.subject for s in side.sources if s.split == split} for side in (old, new))
        lines += _added_and_removed(f"{split}: subjects", before, after)
        counts = [sum(s.images for s in side.sources if s.split == split) for side in (old, new)]
        if counts[0] != counts[1]:
            lines.append(f"{split}: images {counts[0]} → {counts[1]}")
    batches = [{s.batch for s in side.sources} for side in (old, new)]
    return lines + _added_and_removed("batches", *batches)


def _added_and_removed(title: str, before: set[str], after: set[str]) -> list[str]:
    return [
        f"{title} {word}: {', '.join(sorted(names))}"
        for word, names in (("added", after - before), ("removed", before - after))
        if names
    ]


def _settings(old: Inputs, new: Inputs) -> list[str]:
    if old.params and new.params:
        return list(changed_values(old.params, new.params))
    sides = [dict(side.run.data.params) if side.run else {} for side in (old, new)]
    return list(changed_values(sides[0], sides[1]))


def _code(root: Path, old: Inputs, new: Inputs) -> list[str]:
    if not old.commit or not new.commit:
        return ["not known: a version's run has no commit"]
    if old.commit == new.commit:
        return ["the same commit, but the working tree had other changes"] if "+" in new.described_commit else []
    listed = _git(root, "diff", "--name-only", "-z", old.commit, new.commit, "--", *PACKAGES)
    if listed is None:
        return [f"not known: this clone lacks {old.commit[:10]} or {new.commit[:10]}; `git fetch` may get it"]
    lines = []
    for name in filter(None, listed.split("\0")):
        before, after = (_git(root, "show", f"{side.commit}:{name}") for side in (old, new))
        if before is None or after is None or not name.endswith(".py"):
            lines.append(f"{name}: {'new' if before is None else 'removed' if after is None else 'changed'}")
        elif names := changed_definitions(before, after):
            lines.append(f"{name}: {', '.join(names)}")
    return lines


def _git(root: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _environment(old: Inputs, new: Inputs) -> list[str]:
    if not old.packages or not new.packages:
        return ["not known: a version's run has no list of packages"]
    return changed_packages(old.packages, new.packages)


def _at_most(lines: Iterable[str]) -> list[str]:
    listed = list(lines)
    return listed if len(listed) <= _MOST else [*listed[:_MOST], f"and {len(listed) - _MOST} more"]
