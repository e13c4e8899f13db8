"""Whether what a stage read still stands at its end.

DVC hashes the inputs after the stage's command, so dvc.lock would record what was never read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.dependencies.inputs import Inputs
from pipeline.layout import ROOMS

_LISTED = 10


@contextmanager
def unchanged(root: Path, inputs: Inputs) -> Iterator[None]:
    """Run the block, and fail at its end if any of the inputs has changed meanwhile.

    Sections of params.yaml and code are compared by content, so that a touched file or an edited comment of params.yaml
    is no change. Data can be large: size, time stamp and inode of every file are compared.

    Raises:
        UserError: An input has changed; each is named. A command that fails makes DVC record nothing.
    """
    before = _marks(root, inputs)
    yield
    after = _marks(root, inputs)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        more = [f"  and {len(changed) - _LISTED} more"] if len(changed) > _LISTED else []
        raise UserError(
            "\n".join(
                [
                    "changed while the stage ran, so its result is not what the changed input gives; run it again:",
                    *(f"  {name}" for name in changed[:_LISTED]),
                    *more,
                ]
            )
        )


def _marks(root: Path, inputs: Inputs) -> dict[str, Any]:
    """Whatever tells a changed input from an unchanged one, by the input's name."""
    marks = dict[str, Any]()
    for dep in inputs.deps:
        mark = _stat if Path(dep).parts[0] in ROOMS else file_digest
        for path in files_below(root / dep):
            try:
                marks[path.relative_to(root).as_posix()] = mark(path)
            except FileNotFoundError:  # removed since it was listed
                continue
    return marks | _sections(root / "params.yaml", inputs.params)


def files_below(path: Path) -> Iterator[Path]:
    """The file itself, or every file below the folder but compiled Python."""
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        yield from (Path(folder, name) for name in sorted(names))


def _stat(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _sections(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        params = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        params = None  # at the start params.yaml is refused as it is read; at the end it has changed
    return {f"params.yaml: {name}": _value(params, name.split(".")) for name in names}


def _value(params: Any, keys: list[str]) -> Any:
    for key in keys:
        params = params.get(key) if isinstance(params, dict) else None
    return params
