"""Git and DVC as a flow uses them: commit only the given paths, tag, and run DVC commands."""

import os
import subprocess
import sys
from pathlib import Path

from heelstrike.errors import UserError

# For machines without a git identity; where one is configured, git uses it.
_FALLBACK_IDENTITY = {"name": "Heelstrike", "email": "heelstrike@localhost"}


def git(root: Path, *arguments: str) -> str:
    """Run git and return its output.

    Raises:
        UserError: git is not installed, or failed; the message is git's own.
    """
    return _run(root, ["git", *arguments])


def dvc(root: Path, *arguments: str) -> str:
    """Run this environment's DVC and return its output.

    Raises:
        UserError: DVC failed; the message is DVC's own.
    """
    return _run(root, [sys.executable, "-m", "dvc", *arguments])


def commit_paths(root: Path, paths: list[Path], message: str) -> bool:
    """Commit these paths and nothing else, even if other files are changed or staged.

    Returns:
        False if these paths have no changes.
    """
    names = [str(path.relative_to(root)) for path in paths]
    git(root, "add", "--", *names)
    if not git(root, "status", "--porcelain", "--", *names):
        return False
    git(root, *_identity(root), "commit", "--quiet", "-m", message, "--", *names)
    return True


def tag(root: Path, name: str, message: str) -> None:
    """Set an annotated tag on HEAD, unless a tag of that name exists."""
    if not git(root, "tag", "--list", name):
        git(root, *_identity(root), "tag", "--annotate", name, "-m", message)


def _identity(root: Path) -> list[str]:
    """Return `-c` options for the parts of git's identity that are not configured."""
    options = []
    for key, value in _FALLBACK_IDENTITY.items():
        configured = subprocess.run(["git", "config", f"user.{key}"], cwd=root, capture_output=True, check=False)
        if configured.returncode != 0:
            options += ["-c", f"user.{key}={value}"]
    return options


def _run(root: Path, command: list[str]) -> str:
    # stages run `python` of the PATH, which must be this environment's
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        completed = subprocess.run(
            command, cwd=root, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not installed; Heelstrike needs it to version data") from None
    if completed.returncode != 0:
        command_line = " ".join(command if command[0] == "git" else ["dvc", *command[3:]])
        raise UserError(f"`{command_line}` failed:\n{(completed.stderr or completed.stdout).strip()}")
    return completed.stdout.strip()
