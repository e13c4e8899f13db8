"""Where the operator's commands run, and the one problem where there is but one."""

from pathlib import Path

from heelstrike.errors import UserError

ROOT = Path()


def only_problem() -> str:
    """The problem of params.yaml, where there is but one."""
    from pipeline.params import load_params

    names = list(load_params(ROOT / "params.yaml"))
    if len(names) > 1:
        raise UserError(f"params.yaml has several problems ({', '.join(names)}); say which with --problem")
    return names[0]
