"""A checkout among several that share the remotes of git and DVC: it takes what the others made, and gives its own."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed

from flows.checkout_lock import await_orphan
from flows.git_state import require_branch
from flows.lock_merge import SETTING
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
        UserError: Changes of this checkout do not fit those of its upstream, or a remote is away.
    """
    root = layout.root
    await_orphan(layout.root / ".work" / layout.problem / "running-stage.json", current_reporter().say)
    _merge(root)
    # what was never made or pushed is made here
    if pointers := [str(path.relative_to(root)) for path in sorted(layout.raw.glob("*.dvc"))]:
        dvc(root, "pull", "--quiet", "--allow-missing", *pointers)
    if (root / "dvc.lock").is_file():
        # forced, since a killed stage leaves outputs that are in no cache; DVC would remove them before the stage too
        dvc(root, "pull", "--quiet", "--allow-missing", "--force", *stage_names(root, layout.problem))


@task(name="give", cache_policy=NO_CACHE)
def give(layout: Layout) -> object:
    """Push the commits and their tags. If another machine was faster, its commits are merged first.

    Neither a remote that is away nor a conflict fails the retrain, whose commits stay in this checkout.

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
            _merge(layout.root)
        except UserError as error:
            reason = _reason(error)
            break
    current_reporter().say(
        f"the commits are not at the git remote yet: {reason}; the next retrain here tries again, unless both machines "
        'have changed the same stages (docs/scheduling.md, "On other machines")'
    )
    return Completed(name="NotPushed", message=reason)


def _merge(root: Path) -> None:
    """Merge the upstream's commits. Commits keep their hashes, which MLflow and the tags of batches name.

    Raises:
        UserError: They do not fit, and the checkout is as it was; or the remote is away.
    """
    require_branch(root)  # a merge of somebody else's is not ours to abort
    before = git(root, "rev-parse", "HEAD")
    options = ["-c", SETTING, *identity(root)]
    try:
        git(root, *options, "pull", "--quiet", "--no-rebase", "--ff", "--no-edit", "--autostash")
    except UserError:
        if unmerged := git(root, "diff", "--name-only", "--diff-filter=U").splitlines():
            git(root, "merge", "--abort")
            raise UserError(f"error: {_both(unmerged)}, in commits") from None
        raise
    unmerged = git(root, "diff", "--name-only", "--diff-filter=U").splitlines()
    if unmerged == ["dvc.lock"]:
        git(root, "checkout", "HEAD", "--", "dvc.lock")
        current_reporter().say(
            "another machine has run the stages of an interrupted retrain of this checkout: its dvc.lock is taken; "
            "the one from here is in `git stash`, and its outputs are in DVC's cache"
        )
    elif unmerged:
        git(root, "reset", "--quiet", "--hard", before)
        git(root, "stash", "pop", "--quiet", "--index")
        raise UserError(f"error: {_both(unmerged)}, here without a commit; commit or undo that, then merge")


def _both(paths: list[str]) -> str:
    return f"this checkout and its git remote have changed the same lines of {', '.join(paths)}"


def _reason(error: UserError) -> str:
    """Return the line of git's message that says why."""
    lines = str(error).splitlines()
    return first_line(next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1]))
