"""The state of a git repository in which a flow must not commit."""

from pathlib import Path

from flows.versioning import git
from heelstrike.errors import UserError

# file or folder of .git that exists while git is in the middle of something: what it is, and how it ends
_IN_PROGRESS = {
    "rebase-merge": ("a rebase", "`git rebase --continue` or `git rebase --abort`"),
    "rebase-apply": ("a rebase", "`git rebase --continue` or `git rebase --abort` (`git am` after applying patches)"),
    "MERGE_HEAD": ("a merge", "`git merge --continue` or `git merge --abort`"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "`git cherry-pick --continue` or `git cherry-pick --abort`"),
    "REVERT_HEAD": ("a revert", "`git revert --continue` or `git revert --abort`"),
    "BISECT_LOG": ("a bisection", "`git bisect reset`"),
}


def require_branch(root: Path) -> None:
    """Check that a commit would stay: on a branch that is not being merged or rebased.

    A commit on a detached HEAD belongs to no branch, and the data that it versions would be lost with it.

    Raises:
        UserError: There is no repository, HEAD is detached, or git is in the middle of something.
    """
    folder = Path(git(root, "rev-parse", "--absolute-git-dir"))
    for name, (operation, end) in _IN_PROGRESS.items():
        if (folder / name).exists():
            raise UserError(
                f"git is in the middle of {operation} in {root}, and a commit of new data would become a part of it; "
                f"end it first with {end}, then run the same command again"
            )
    if (folder / "HEAD").read_text().startswith("ref: "):
        return
    commit = git(root, "rev-parse", "--short", "HEAD")
    raise UserError(
        f"{root} is on no branch of git (HEAD is detached at {commit}), so that a commit of new data would be lost at "
        f"the next checkout; go to a branch with `git switch NAME`, or make one with `git switch --create NAME`, then "
        f"run the same command again"
    )
