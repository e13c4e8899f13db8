"""A checkout among several that share the remotes of git and DVC: it takes what the others made, and gives its own."""

import contextlib

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed

from flows.git_state import require_branch
from flows.reporting import current_reporter
from flows.stages import stage_names
from flows.versioning import dvc, git, identity
from heelstrike.errors import UserError, first_line
from pipeline.layout import Layout

_ATTEMPTS = 3


@task(name="take", cache_policy=NO_CACHE)
def take(layout: Layout) -> None:
    """Bring the branch up to date, and fetch the problem's raw data and outputs from DVC's remote.

    Raises:
        UserError: The branch has commits that its upstream lacks and the other way round, or a remote is away.
    """
    root = layout.root
    _rebase(layout)
    pointers = [str(path.relative_to(root)) for path in sorted(layout.raw.glob("*.dvc"))]
    stages = stage_names(root, layout.problem) if (root / "dvc.lock").is_file() else []
    if targets := [*pointers, *stages]:
        # what was never made or pushed is made here
        dvc(root, "pull", "--quiet", "--allow-missing", *targets)


@task(name="give", cache_policy=NO_CACHE)
def give(layout: Layout) -> object:
    """Push the commits. If another machine was faster, they are put on top of its commits.

    A remote that is away does not fail the retrain; the next one pushes.

    Returns:
        `None`, or the state `NotPushed` with the reason.
    """
    reason = ""
    for _ in range(_ATTEMPTS):
        try:
            git(layout.root, "push", "--quiet", "--follow-tags")
            return None
        except UserError as error:
            reason = _reason(error)
        try:
            _rebase(layout)
        except UserError as error:
            reason = _reason(error)
            break
    current_reporter().say(
        f"the commits are not at the git remote yet: {reason}; the next retrain pushes them, or `git push`"
    )
    return Completed(name="NotPushed", message=reason)


def _rebase(layout: Layout) -> None:
    """Put the commits of this checkout on top of the upstream's; the branch stays as it is if they do not fit."""
    require_branch(layout.root)  # a rebase of somebody else's is not ours to abort
    try:
        git(layout.root, *identity(layout.root), "pull", "--quiet", "--rebase", "--autostash")
    except UserError:
        with contextlib.suppress(UserError):  # there is no rebase to abort if the remote is away
            git(layout.root, "rebase", "--abort")
        raise


def _reason(error: UserError) -> str:
    """Return the line of git's message that says why."""
    lines = str(error).splitlines()
    return first_line(next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1]))
