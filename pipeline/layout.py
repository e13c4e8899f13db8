"""Where each stage's files lie."""

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
ROOMS = frozenset(_ROOMS.values())  # the folders of data: what stages read and write


@dataclass(frozen=True)
class Layout:
    """Where a problem's files lie below the repository root.

    Attributes:
        root: The repository root.
        problem: The problem's name in params.yaml.
    """

    root: Path
    problem: str

    @property
    def raw(self) -> Path:
        """Ingested videos, images and labels, versioned by DVC: a folder per ingested batch."""
        return self.root / "data" / "raw" / self.problem

    def video(self, name: str) -> Path:
        """The video that an annotation names: one of the raw files, or one that collect rendered itself."""
        raw = self.raw / name
        return raw if raw.is_file() else self.work("collect") / name

    def out(self, stage: str) -> Path:
        """The output folder of a stage, for instance data/rearfoot/split or models/rearfoot/train."""
        return self.root / _ROOMS[stage] / self.problem / stage

    def work(self, stage: str, key: str = "") -> Path:
        """A folder for unfinished or reusable work of a stage, kept across runs and known to neither git nor DVC.

        Args:
            stage: The stage's name.
            key: A digest of everything the work depends on; other inputs get another folder.
        """
        return self.root / ".work" / self.problem / stage / key


def file_of_start(root: Path, digest: str) -> Path:
    """Where weights lie that trainings start from, by SHA-256; fetched when missing, known to neither git nor DVC."""
    return root / "models" / "init" / f"{digest}.safetensors"
