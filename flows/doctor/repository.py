"""Checks of params.yaml and of the git repository."""

from collections.abc import Iterator
from pathlib import Path

from flows.git_state import require_branch
from flows.versioning import git
from heelstrike.doctor.findings import Finding, fault, ok, warning
from heelstrike.errors import UserError
from pipeline.params import load_params


def check_params(root: Path) -> Iterator[Finding]:
    """Check params.yaml as a whole.

    Args:
        root: Root of the checkout.
    """
    try:
        names = list(load_params(root / "params.yaml"))
    except UserError as error:
        for line in str(error).splitlines():
            yield fault("params", line, "correct it (docs/params.md)")
        return
    yield ok("params", f"params.yaml is valid: {', '.join(names)}")


def check_git(root: Path) -> Iterator[Finding]:
    """Check that a commit of new data would stay, and that retrains of this code can be repeated.

    Args:
        root: Root of the checkout.
    """
    try:
        require_branch(root)
        branch = git(root, "branch", "--show-current")
        changed = git(root, "status", "--porcelain", "--untracked-files=no").splitlines()
    except UserError as error:
        yield fault("git", str(error).splitlines()[0], "retrain and ingest commit what they take")
        return
    if changed:
        count = f"{len(changed)} changed {'file is' if len(changed) == 1 else 'files are'} not committed"
        yield warning("git", f"on {branch}; {count}", "commit them, since a retrain of them cannot be repeated")
    else:
        yield ok("git", f"on {branch}; everything is committed")
