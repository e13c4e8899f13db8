"""Earlier contents of files, from git: found by the hash that dvc.lock has recorded."""

import hashlib
import io
import json
import subprocess
from functools import cache
from pathlib import Path

from pipeline.dependencies.standing import is_ignored

LOCK = "dvc.lock"
_FOLDER = ".dir"
_MOST_COMMITS = 30


class Repository:
    """The commits of a repository in which stages have recorded their inputs.

    Attributes:
        root: The repository root.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits = cache(self._commits)
        self.contents = cache(self._contents)

    def _commits(self) -> list[str]:
        """Return HEAD and the commits that changed dvc.lock, the newest first."""
        return list(dict.fromkeys([*self._git("rev-parse", "HEAD").split(), *self.commits_of(LOCK)]))

    def commits_of(self, path: str) -> list[str]:
        """Return the commits that changed a file, the newest first."""
        return self._git("log", f"--max-count={_MOST_COMMITS}", "--format=%H", "--", path).split()

    def recording(self, path: str, recorded: str) -> str | None:
        """Return the newest of `commits` at which a path has the MD5 that DVC has recorded; `None` if none has it.

        Args:
            path: File or folder, relative to the root.
            recorded: Its MD5 in dvc.lock; that of a folder ends in `.dir`.
        """
        return next((commit for commit in self.commits() if self._hash_at(commit, path, recorded) == recorded), None)

    def files(self, commit: str, path: str) -> dict[str, str]:
        """Return the MD5 of the file, or of every file below the folder, at a commit, by path."""
        return {name: _md5(content) for name, content in self.contents(commit, path).items()}

    def _contents(self, commit: str, path: str) -> dict[str, bytes]:
        """Return the bytes of the file, or of every file below the folder, at a commit, by path."""
        names = self._git("ls-tree", "-r", "-z", "--name-only", commit, "--", path).split("\0")
        names = [name for name in names if name and not is_ignored(Path(name).name)]
        wanted = "".join(f"{commit}:{name}\n" for name in names)
        command = ["git", "cat-file", "--batch"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, check=False, input=wanted.encode())
        stream, contents = io.BytesIO(done.stdout), {}
        for name in names:
            size = int(stream.readline().split()[-1])
            contents[name] = stream.read(size)
            stream.read(1)  # the line's end after the content
        return contents

    def _hash_at(self, commit: str, path: str, recorded: str) -> str:
        files = self.files(commit, path)
        if not recorded.endswith(_FOLDER):
            return files.get(path, "")
        listing = [{"md5": files[name], "relpath": name.removeprefix(f"{path}/")} for name in sorted(files)]
        return _md5(json.dumps(listing).encode()) + _FOLDER

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=False, text=True)
        return done.stdout if done.returncode == 0 else ""


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
