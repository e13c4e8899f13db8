"""Which stages would run, told in a moment: by dvc.lock, sizes of files, and the content of single small ones.

`why.py` compares everything and says what has changed, which takes seconds.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.changes.values import changed_values
from pipeline.dependencies.standing import files_below
from pipeline.layout import ROOMS, STAGES
from pipeline.strict_yaml import read_yaml

_SMALL_BYTES = 1 << 20  # files up to this size are compared by content


def never_run(problem: str, locked: Mapping[str, Any]) -> list[str]:
    """Return the stages of a problem that dvc.lock does not have, in their order.

    Args:
        problem: The problem's name.
        locked: Entries of dvc.lock by address (see `pipeline.dvc_lock.locked_stages`).
    """
    return [stage for stage in STAGES if f"{stage}@{problem}" not in locked]


def visibly_changed(root: Path, problem: str, locked: Mapping[str, Any]) -> list[str]:
    """Return the stages whose inputs or outputs visibly differ from those in dvc.lock, in their order.

    A change that keeps a folder's number of files and of bytes is not seen. Stages that follow a changed one are not
    listed, since they run only if it writes something else.

    Raises:
        UserError: params.yaml cannot be read.
    """
    params = read_yaml(root / "params.yaml")
    entries = {stage: locked[address] for stage in STAGES if (address := f"{stage}@{problem}") in locked}
    return [stage for stage, entry in entries.items() if any(_differences(root, entry, params))]


def _differences(root: Path, entry: Mapping[str, Any], params: Any) -> Iterator[bool]:
    for name, recorded in entry.get("params", {}).get("params.yaml", {}).items():
        yield any(changed_values(recorded, _value(params, name)))
    for dep in entry.get("deps", ()):
        path = Path(dep["path"])
        if path.parts[0] not in ROOMS or path.parts[:2] == ("data", "raw"):  # others are outputs of a stage before
            yield _differs(root / path, dep)
    for out in entry.get("outs", ()):
        yield not (root / out["path"]).exists()


def _differs(path: Path, recorded: Mapping[str, Any]) -> bool:
    """Return True if a file or folder is not as dvc.lock has recorded it."""
    files = list(files_below(path))
    size = sum(file.stat().st_size for file in files)
    if not files and recorded.get("nfiles") != 0:
        return True
    if size != recorded.get("size", size) or len(files) != recorded.get("nfiles", len(files)):
        return True
    if path.is_dir() or size > _SMALL_BYTES:
        return False
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != recorded.get("md5")


def _value(params: Any, name: str) -> Any:
    for key in name.split("."):
        params = params.get(key) if isinstance(params, dict) else None
    return params
