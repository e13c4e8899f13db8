"""Reproduce a version in a fresh clone; back up while a retrain works, and predict the same after a restore."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Workplace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

BATCH = """
import sys
from pathlib import Path
import numpy as np
from heelstrike.video.writer import write_video
folder, names = Path(sys.argv[1]), "left_shank left_ankle left_heel right_shank right_ankle right_heel".split()
folder.mkdir(parents=True)
rng = np.random.default_rng(5)
write_video(folder / "anna_walk.mp4", (rng.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(4)), 25)
rows = ["video,frame,subject," + ",".join(f"{name}_x,{name}_y" for name in names)]
for frame in range(4):
    points = ",".join(f"{100 + 60 * (n // 3) + frame},{60 + 50 * (n % 3)}" for n in range(6))
    rows.append(f"anna_walk.mp4,{frame},anna,{points}")
(folder / "labels.csv").write_text("\\n".join(rows) + "\\n")
"""


@pytest.fixture
def with_batch(copy: Workplace) -> Workplace:
    """The trained checkout after a second retrain with an ingested batch."""
    copy.run(sys.executable, "-c", BATCH, str(copy.root / "data" / "inbox" / "rearfoot" / "anna"))
    copy.heelstrike("retrain", "rearfoot")
    return copy


def test_a_version_is_reproduced_in_a_fresh_clone_and_a_changed_byte_is_named(with_batch: Workplace) -> None:
    place = with_batch.root.parent / "clone"
    subprocess.run(["git", "clone", "--quiet", str(with_batch.root), str(place)], check=True)
    registry = {"MLFLOW_TRACKING_URI": f"sqlite:///{with_batch.root / 'mlflow.db'}"}
    clone = Workplace(place, with_batch.environment | registry | {"PYTHONPATH": str(place)})
    for folder in ("data/raw/rearfoot", "models", "reports"):
        assert (place / folder).is_dir()
    clone.run("dvc", "remote", "modify", "--local", "local", "url", str(with_batch.root / ".dvcstore"))
    done = clone.heelstrike("reproduce", "rearfoot/2", "--attach")
    assert "rearfoot/2: identical, " in done.stdout

    (pointer,) = (place / "data" / "raw" / "rearfoot").glob("*.dvc")
    clone.run("dvc", "pull", str(pointer))
    labels = next(pointer.with_suffix("").rglob("labels.csv"))
    labels.write_text(labels.read_text().replace("100,60", "101,60", 1))
    clone.run("dvc", "add", str(pointer.with_suffix("")))
    clone.run("git", "-c", "user.name=T", "-c", "user.email=t@t", "commit", "-qam", "One byte")
    done = clone.heelstrike("reproduce", "rearfoot/2", "--at", "HEAD", check=False)
    assert done.returncode == 1
    assert "rearfoot/2: not identical" in done.stdout
    assert "it began in: collect@rearfoot: its input data/raw/rearfoot differs" in done.stdout
    assert "anna/labels.csv: MD5 " in done.stdout


def test_a_backup_during_a_retrain_predicts_the_same_after_a_restore(with_batch: Workplace, tmp_path: Path) -> None:
    params = with_batch.root / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 3", "epochs: 60"))
    retrain = with_batch.start(sys.executable, "-m", "heelstrike", "retrain", "rearfoot")
    progress = with_batch.root / ".work" / "rearfoot" / "logs" / "train.progress"
    deadline = time.monotonic() + 200
    while not (progress.is_file() and '"total": 60' in progress.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    with_batch.heelstrike("backup", str(tmp_path / "backup"))
    assert retrain.wait(timeout=600) == 0
    with_batch.heelstrike("restore", str(tmp_path / "backup"), "--into", str(tmp_path / "restored"))
    restored = Workplace(tmp_path / "restored", with_batch.environment | {"PYTHONPATH": str(tmp_path / "restored")})
    video = next((with_batch.root / "data" / "raw" / "rearfoot").rglob("anna_walk.mp4"))
    results = []
    for workplace, cache in ((with_batch, "one"), (restored, "two")):
        out = tmp_path / cache
        arguments = ["predict", str(video), "--model", "rearfoot/1", "--out", str(out)]
        workplace.heelstrike(*arguments, HEELSTRIKE_CACHE=str(tmp_path / f"cache-{cache}"))
        results.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert results[0] == results[1]
    restored.heelstrike("retrain", "rearfoot")
