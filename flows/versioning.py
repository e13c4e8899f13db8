"""Git and DVC as a flow uses them: commit only the given paths, tag, and run DVC commands."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from flows.reporting import current_reporter
from heelstrike.errors import UserError
from heelstrike.text import storable

# For machines without a git identity; where one is configured, git uses it.
_FALLBACK_IDENTITY = {"name": "Heelstrike", "email": "heelstrike@localhost"}

LOCK_WAIT = "HEELSTRIKE_LOCK_WAIT_S"
"""Environment variable: how long to wait for a lock of git or DVC that another process holds, seconds."""

# What a command prints if another process holds the repository: git's lock files, DVC's lock, and its locks of paths.
_LOCKED = re.compile(r"\.lock': File exists|Unable to acquire lock|is busy, it is being blocked by")


def git(root: Path, *arguments: str, text: str = "") -> str:
    """Run git and return its output.

    Args:
        root: The repository root.
        arguments: Subcommand and options.
        text: What git reads, for texts that are too long for an argument.

    Raises:
        UserError: git is not installed, or failed; the message is git's own.
    """
    return _run(root, ["git", *arguments], text)


def dvc(root: Path, *arguments: str) -> str:
    """Run this environment's DVC and return its output.

    Raises:
        UserError: DVC failed; the message is DVC's own.
    """
    return _run(root, [sys.executable, "-m", "dvc", *arguments])


def await_dvc(root: Path) -> None:
    """Wait until no other process holds DVC's lock.

    Raises:
        UserError: It is held for too long.
    """
    _run(root, [sys.executable, "-c", "from dvc.repo import Repo\nwith Repo() as repo, repo.lock: pass"])


def commit_paths(root: Path, paths: list[Path], message: str) -> bool:
    """Commit these paths and nothing else, even if other files are changed or staged.

    Returns:
        False if these paths have no changes.
    """
    names = [str(path.relative_to(root)) for path in paths]
    git(root, "add", "--", *names)
    if not git(root, "status", "--porcelain", "--", *names):
        return False
    git(root, *identity(root), "commit", "--quiet", "--file=-", "--", *names, text=storable(message))
    return True


def tag(root: Path, name: str, message: str, commit: str = "HEAD") -> None:
    """Set an annotated tag on a commit, unless a tag of that name exists."""
    if not git(root, "tag", "--list", name):
        git(root, *identity(root), "tag", "--annotate", name, "-m", message, commit)


def identity(root: Path) -> list[str]:
    """Return `-c` options for the parts of git's identity that are not configured."""
    options = []
    for key, value in _FALLBACK_IDENTITY.items():
        configured = subprocess.run(["git", "config", f"user.{key}"], cwd=root, capture_output=True, check=False)
        if configured.returncode != 0:
            options += ["-c", f"user.{key}={value}"]
    return options


def attempts(root: Path, tool: str) -> Iterator[None]:
    """Yield for the first attempt of a command, and again while another process may hold the lock that it needs.

    The caller stops when the command has succeeded or failed otherwise (see `is_locked`). Before the second attempt a
    line says who holds the lock; after the limit there is none.

    Args:
        root: The repository root.
        tool: `git` or `dvc`.
    """
    limit = float(os.environ.get(LOCK_WAIT, 60 if tool == "git" else 600))
    start = time.monotonic()
    yield
    if time.monotonic() - start < limit:
        current_reporter().say(f"{tool} is locked by {_holder(root, tool)}; waiting for at most {limit:.0f} s")
    while time.monotonic() - start < limit:
        time.sleep(0.5)
        yield


def is_locked(output: str) -> bool:
    """Return True if a command of git or DVC failed since another process holds the repository."""
    return _LOCKED.search(output) is not None


def _run(root: Path, command: list[str], text: str = "") -> str:
    tool = "git" if command[0] == "git" else "dvc"
    message = ""
    for _ in attempts(root, tool):
        completed = _attempt(root, command, text)
        if completed.returncode == 0:
            return completed.stdout.strip()
        message = (completed.stderr or completed.stdout).strip()
        if not is_locked(message):
            break
    command_line = " ".join(command if tool == "git" else ["dvc", *command[3:]])
    advice = ""
    if is_locked(message):
        advice = f"\nIt is locked by {_holder(root, tool)}. Run the same command again when that has ended."
        advice += " If no git is running, remove the lock file that git names." if tool == "git" else ""
    raise UserError(f"`{command_line}` failed:\n{message}{advice}")


def _attempt(root: Path, command: list[str], text: str) -> "subprocess.CompletedProcess[str]":
    # stages run `python` of the PATH, which must be this environment's; messages are matched in English
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path, "LANGUAGE": "en"}
    try:
        return subprocess.run(
            command,
            cwd=root,
            env=environment,
            input=text,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not installed; Heelstrike needs it to version data") from None


def _holder(root: Path, tool: str) -> str:
    """Return who holds DVC's lock, from the process id that DVC leaves in it; git leaves none."""
    try:
        process = psutil.Process(int((root / ".dvc" / "tmp" / "lock").read_text()))
        if tool == "dvc" and process.pid != os.getpid():
            return f"process {process.pid} ({' '.join(process.cmdline())[:100]})"
    except (OSError, ValueError, psutil.Error):
        pass
    return f"another {tool} command"
