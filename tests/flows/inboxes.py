"""An inbox with a video and its labels, for the tests of ingest."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from flows.batches import batch_digest, content_hash
from flows.ingest import Ingested, ingest
from heelstrike.video.writer import write_video

HEADER = "video,frame,subject,heel_x,heel_y\n"
LABELS = f"{HEADER}walk.mp4,0,anna,10,20\n"
TOY: dict[str, Any] = {
    "problem": {"keypoints": ["heel"]},
    "collect": {"sources": [{"kind": "csv", "labels": "**/labels.csv"}, {"kind": "csv", "labels": "*/more.csv"}]},
    "model": {"name": "spatial"},
}


def three_frames(path: Path, darkest: int = 0) -> bytes:
    """Write a video of three frames, each brighter than the last, and return its bytes."""
    write_video(path, (np.full((64, 96, 3), darkest + 20 * n, np.uint8) for n in range(3)), 25)
    return path.read_bytes()


def fill(folder: Path, video: bytes, labels: str = LABELS) -> None:
    """Write walk.mp4 and labels.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "walk.mp4").write_bytes(video)
    (folder / "labels.csv").write_text(labels)


def version_by_hand(root: Path, source: Path) -> Path:
    """Make a folder a versioned and pushed batch of `toy` without an ingest, which needs a Prefect server."""
    content = {
        path.relative_to(source).as_posix(): content_hash(path) for path in sorted(source.rglob("*")) if path.is_file()
    }
    batch = root / "data" / "raw" / "toy" / f"0001-{batch_digest(content)}"
    batch.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, batch)
    for command in (f"{sys.executable} -m dvc add {batch}", f"{sys.executable} -m dvc push", "git add -A data/raw"):
        subprocess.run(command.split(), cwd=root, check=True, capture_output=True)
    subprocess.run(["git", "commit", "--quiet", "-m", "A batch"], cwd=root, check=True)
    return batch


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def take(inbox: Path) -> Ingested:
    """Ingest, as the flow does it within a flow run."""
    return ingest.fn("toy", root=str(inbox.parents[2]))
