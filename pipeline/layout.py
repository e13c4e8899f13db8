"""Paths of each stage's files."""

from dataclasses import dataclass
from pathlib import Path

_ROOMS = {
    "collect": "data",
    "validate": "reports",
    "split": "data",
    "prepare": "data",
    "search": "models",
    "train": "models",
    "evaluate": "reports",
    "package": "models",
}
STAGES = tuple(_ROOMS)
REASON_SUFFIX = ".reason.txt"
"""End of the name of a file that says why an ingest has left another one in the inbox."""

ROOMS = frozenset(_ROOMS.values())  # the folders whose files stages read and write


@dataclass(frozen=True)
class Layout:
    """Paths of a problem's files below the repository root.

    Attributes:
        root: The repository root.
        problem: The problem's name in params.yaml.
    """

    root: Path
    problem: str

    @property
    def raw(self) -> Path:
        """Folder of ingested videos, images and labels, versioned by DVC, with a folder per ingested batch."""
        return self.root / "data" / "raw" / self.problem

    @property
    def inbox(self) -> Path:
        """Folder where new videos and labels arrive."""
        return self.root / "data" / "inbox" / self.problem

    def video(self, name: str) -> Path:
        """Return the video that an annotation names: a raw file, or one that the collect stage rendered."""
        raw = self.raw / name
        return raw if raw.is_file() else self.work("collect") / name

    def out(self, stage: str) -> Path:
        """Return the output folder of a stage, for instance data/rearfoot/split or models/rearfoot/train."""
        return self.root / _ROOMS[stage] / self.problem / stage

    def report(self, name: str) -> Path:
        """Return the folder of a report beside that of evaluate, for instance reports/rearfoot/disturbed."""
        return self.root / "reports" / self.problem / name

    def work(self, stage: str, key: str = "") -> Path:
        """Return a folder for a stage's unfinished or reusable work. It is kept across runs, outside git and DVC.

        Args:
            stage: The stage's name.
            key: Digest of everything that the work depends on, so that other inputs get another folder.
        """
        return self.root / ".work" / self.problem / stage / key


def file_of_start(root: Path, digest: str) -> Path:
    """Return the path of start weights by their SHA-256; a missing file is fetched, and git and DVC ignore it."""
    return root / "models" / "init" / f"{digest}.safetensors"


def environment_file(problem: str) -> str:
    """Return the path, below the root, of the list of packages with which a retrain has run the problem's stages."""
    return f"reports/{problem}/environment.txt"
