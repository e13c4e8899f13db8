"""The folder in which the operator's commands run, and the problem that they take by default."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.termination import interrupted_by_termination, survive_lost_output
from heelstrike.errors import UserError
from heelstrike.terminal import messages

ROOT = Path()


@contextmanager
def resumable(command: str) -> Iterator[None]:
    """Run long work: any signal that ends it says how to go on, and an output that is gone does not end it.

    Args:
        command: Command that continues the work.
    """
    survive_lost_output()
    with messages(command), interrupted_by_termination():
        yield


def only_problem() -> str:
    """Return the problem of params.yaml, if there is only one.

    Raises:
        UserError: params.yaml has more than one problem, or is wrong.
    """
    from pipeline.params import load_params

    names = list(load_params(ROOT / "params.yaml"))
    if len(names) > 1:
        raise UserError(f"params.yaml has more than one problem ({', '.join(names)}); name one of them")
    return names[0]


def checked_problem(name: str) -> str:
    """Return the name of a problem of params.yaml; that of the only one if the name is empty.

    Raises:
        UserError: There is no such problem, params.yaml is wrong, or the name is empty and there is more than one.
    """
    from pipeline.params import load_params, problem_in

    if not name:
        return only_problem()
    problem_in(load_params(ROOT / "params.yaml"), name)
    return name
