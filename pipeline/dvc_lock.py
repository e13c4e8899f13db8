"""dvc.lock, in which DVC records the hashes of every stage's inputs and outputs."""

from pathlib import Path
from typing import Any

import yaml

from heelstrike.errors import UserError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where PyYAML was built with libyaml


def locked_stages(root: Path) -> dict[str, Any]:
    """Return the entry of every stage by its address, such as `train@rearfoot`; empty if there is no dvc.lock.

    Raises:
        UserError: The file is damaged.
    """
    path = root / "dvc.lock"
    try:
        return dict(yaml.load(path.read_text(), Loader=_LOADER)["stages"])
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a lock file of DVC ({error}); `git checkout dvc.lock` restores it") from error
