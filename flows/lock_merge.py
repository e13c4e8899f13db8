"""Git's merge of dvc.lock, stage by stage: two machines that ran different stages have no conflict.

By lines they would, since DVC puts new entries at the end of the file. `.gitattributes` names this merge, and `SETTING`
gives git the command; without it, git merges dvc.lock by lines.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

SETTING = f'merge.dvc-lock.driver="{sys.executable}" "{Path(__file__).resolve()}" %O %A %B'


def merge(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any] | None:
    """Return the entries of both sides.

    Args:
        base: Entries by stage, as both sides had them before.
        ours: Entries of one side.
        theirs: Entries of the other side.

    Returns:
        `None` if both sides changed a stage in different ways.
    """
    merged = {}
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        before, one, two = base.get(name), ours.get(name), theirs.get(name)
        if one != two and before not in (one, two):
            return None
        if (entry := two if one == before else one) is not None:
            merged[name] = entry
    return merged


def main(base: str, ours: str, theirs: str) -> int:
    """Write the merge into the file `ours`, as git expects. Return 1 for a conflict or an unknown content."""
    sides = [yaml.safe_load(Path(side).read_text()) or {} for side in (base, ours, theirs)]
    if any(set(side) - {"schema", "stages"} for side in sides) or sides[1].get("schema") != sides[2].get("schema"):
        return 1
    merged = merge(*(side.get("stages") or {} for side in sides))
    if merged is None:
        return 1
    document = {"schema": sides[1]["schema"], "stages": merged}
    Path(ours).write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
