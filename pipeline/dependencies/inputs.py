"""The inputs of a stage of a problem, as dvc.yaml states them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heelstrike.errors import UserError


@dataclass(frozen=True)
class StageInputs:
    """The inputs of one stage.

    Attributes:
        deps: Files and folders, relative to the repository root.
        params: Sections of params.yaml, such as `rearfoot.train`.
    """

    deps: tuple[str, ...] = ()
    params: tuple[str, ...] = ()


def inputs_of(root: Path, stage: str, problem: str) -> StageInputs:
    """Return the stage's inputs. They are empty if dvc.yaml lacks the stage, since a stage also runs without DVC.

    Raises:
        UserError: dvc.yaml is not valid YAML.
    """
    path = root / "dvc.yaml"
    if not path.is_file():
        return StageInputs()
    try:
        stages: dict[str, Any] = yaml.safe_load(path.read_text())["stages"]
    except (yaml.YAMLError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: not valid YAML with stages ({error}); `git checkout dvc.yaml` restores it") from None
    body = stages.get(stage, {})
    body = body.get("do", body)
    deps, params = (tuple(str(e).replace("${item}", problem) for e in body.get(key, [])) for key in ("deps", "params"))
    return StageInputs(deps, params)
