"""Check that a stage's inputs have not changed while it ran.

DVC hashes the inputs after the stage's command, so dvc.lock would record content that the stage never read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.dependencies.inputs import StageInputs
from pipeline.layout import ROOMS
from pipeline.strict_yaml import read_yaml

_MAX_LISTED = 10
IGNORED = ("__pycache__", "*.pyc", ".gitkeep", ".work", ".venv", ".*.sw?", "*~", ".DS_Store")
"""Names of files and folders that are no inputs, as in .dvcignore: among them what editors write beside a file."""


@contextmanager
def unchanged(root: Path, inputs: StageInputs) -> Iterator[None]:
    """Run the block, and raise at its end if any input has changed in the meantime.

    Code and sections of params.yaml are compared by content, so a touched file or an edited comment in params.yaml is
    not a change. Data can be large, so only size, time stamp and inode of every file are compared.

    Raises:
        UserError: Inputs have changed; each is named. DVC records nothing, since the stage's command fails.
    """
    before = _marks(root, inputs)
    yield
    after = _marks(root, inputs)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        more = [f"  and {len(changed) - _MAX_LISTED} more"] if len(changed) > _MAX_LISTED else []
        raise UserError(
            "\n".join(
                [
                    "changed while the stage ran, so its result does not match the changed inputs; run it again:",
                    *(f"  {name}" for name in changed[:_MAX_LISTED]),
                    *more,
                ]
            )
        )


def _marks(root: Path, inputs: StageInputs) -> dict[str, Any]:
    """Return a value for each input, by its name, that differs if the input has changed."""
    marks = dict[str, Any]()
    for dep in inputs.deps:
        mark = _stat if Path(dep).parts[0] in ROOMS else file_digest
        for path in files_below(root / dep):
            try:
                marks[path.relative_to(root).as_posix()] = mark(path)
            except FileNotFoundError:  # removed after it was listed
                continue
    return marks | _sections(root / "params.yaml", inputs.params)


def files_below(path: Path) -> Iterator[Path]:
    """Yield the file itself, or every file below the folder that DVC does not ignore, in the order of names."""
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        yield from (Path(folder, name) for name in sorted(names) if not is_ignored(name))


def is_ignored(name: str) -> bool:
    """Return True if a file or folder of this name is no input."""
    return any(fnmatchcase(name, pattern) for pattern in IGNORED)


def _stat(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _sections(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        params = read_yaml(path)
    except (OSError, UserError):
        params = None  # at the start, `load_params` refuses the file; at the end, this counts as a change
    return {f"params.yaml: {name}": _value(params, name.split(".")) for name in names}


def _value(params: Any, keys: list[str]) -> Any:
    for key in keys:
        params = params.get(key) if isinstance(params, dict) else None
    return params
