"""Git and DVC as a flow uses them: commit just the paths it made, tag, push data to the DVC remote."""

import os
import subprocess
import sys
from pathlib import Path

from heelstrike.errors import UserError

# A machine without a git identity can still ingest; with one, the commit is its owner's.
_FALLBACK_IDENTITY = {"name": "Heelstrike", "email": "heelstrike@localhost"}


def git(root: Path, *arguments: str) -> str:
    """Run git and return what it printed.

    Raises:
        UserError: git is not installed, or failed; the message is git's own.
    """
    return _run(root, ["git", *arguments])


def dvc(root: Path, *arguments: str) -> str:
    """Run DVC of this very environment and return what it printed.

    Raises:
        UserError: DVC failed; the message is DVC's own.
    """
    return _run(root, [sys.executable, "-m", "dvc", *arguments])


def commit_paths(root: Path, paths: list[Path], message: str) -> bool:
    """Commit these paths and nothing else, whatever else is changed or staged.

    Returns:
        False when there was nothing to commit.
    """
    names = [str(path.relative_to(root)) for path in paths]
    git(root, "add", "--", *names)
    if not git(root, "status", "--porcelain", "--", *names):
        return False
    git(root, *_identity(root), "commit", "--quiet", "-m", message, "--", *names)
    return True


def tag(root: Path, name: str, message: str) -> None:
    """Set an annotated tag on HEAD unless a tag of that name is there."""
    if not git(root, "tag", "--list", name):
        git(root, *_identity(root), "tag", "--annotate", name, "-m", message)


def _identity(root: Path) -> list[str]:
    """`-c` options for whatever part of git's identity is not configured."""
    options = []
    for key, value in _FALLBACK_IDENTITY.items():
        known = subprocess.run(["git", "config", f"user.{key}"], cwd=root, capture_output=True, check=False)
        if known.returncode != 0:
            options += ["-c", f"user.{key}={value}"]
    return options


def _run(root: Path, command: list[str]) -> str:
    # stages find `python` on the PATH; this environment's comes first
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(
            command, cwd=root, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not installed; Heelstrike versions data with it") from None
    if done.returncode != 0:
        shown = " ".join(command if command[0] == "git" else ["dvc", *command[3:]])
        raise UserError(f"`{shown}` failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()
