"""What dvc.yaml states that a stage of a problem reads."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heelstrike.errors import UserError


@dataclass(frozen=True)
class Inputs:
    """What one stage reads.

    Attributes:
        deps: Files and folders, relative to the repository root.
        params: Sections of params.yaml, such as `rearfoot.train`.
    """

    deps: tuple[str, ...] = ()
    params: tuple[str, ...] = ()


def inputs_of(root: Path, stage: str, problem: str) -> Inputs:
    """The stage's inputs; none where there is no dvc.yaml or it has no such stage, as a stage also runs without DVC.

    Raises:
        UserError: dvc.yaml is not valid YAML.
    """
    path = root / "dvc.yaml"
    if not path.is_file():
        return Inputs()
    try:
        stages: dict[str, Any] = yaml.safe_load(path.read_text())["stages"]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{path}: states no stages in YAML ({error}); `git checkout dvc.yaml` restores it") from None
    body = stages.get(stage, {})
    body = body.get("do", body)
    deps, params = (tuple(str(e).replace("${item}", problem) for e in body.get(key, [])) for key in ("deps", "params"))
    return Inputs(deps, params)
