"""The folder in which the operator's commands run, and the problem that they take by default."""

from pathlib import Path

from heelstrike.errors import UserError

ROOT = Path()


def only_problem(choose: str = "choose one with --problem") -> str:
    """Return the problem of params.yaml, if there is only one.

    Args:
        choose: The advice if there are more.

    Raises:
        UserError: params.yaml has more than one problem, or is wrong.
    """
    from pipeline.params import load_params

    names = list(load_params(ROOT / "params.yaml"))
    if len(names) > 1:
        raise UserError(f"params.yaml has more than one problem ({', '.join(names)}); {choose}")
    return names[0]
