"""dvc.lock: what DVC recorded of every stage, the hashes of what it read and wrote."""

from pathlib import Path
from typing import Any

import yaml

from heelstrike.errors import UserError


def locked_stages(root: Path) -> dict[str, Any]:
    """The entry of every stage by its address, such as `train@rearfoot`; empty where there is no dvc.lock.

    Raises:
        UserError: The file is damaged.
    """
    path = root / "dvc.lock"
    try:
        return dict(yaml.safe_load(path.read_text())["stages"])
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a lock file of DVC ({error}); `git checkout dvc.lock` restores it") from error
