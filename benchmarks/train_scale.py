"""Memory and time of one epoch over 1,000 to 20,000 prepared frames: memory must stay flat, time linear.

Each size runs in a process of its own. Pages of the memory-mapped images are the system's cache, which it takes back
when it needs it. Only the process's own memory (RssAnon, sampled while it runs) must stay flat.

    python -m benchmarks.train_scale --frames 1000 5000 20000
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from pipeline.models.settings import SpatialSettings
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=("a", "b", "c", "d", "e", "f"))


def make_arrays(folder: Path, frames: int) -> None:
    """Prepared arrays of noise, streamed to disk."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (frames, 256, 256, 3))
    block = rng.integers(0, 256, (100, 256, 256, 3), dtype=np.uint8)
    for start in range(0, frames, 100):
        images[start : start + 100] = block[: frames - start]
    images.flush()
    np.save(folder / "keypoints.npy", rng.uniform(40, 216, (frames, 6, 2)).astype(np.float32))
    np.save(folder / "visibility.npy", np.full((frames, 6), 2, np.uint8))
    np.save(folder / "boxes.npy", np.tile(np.array([[20, 20, 216, 216]], np.float32), (frames, 1)))


def measure(folder: Path) -> dict[str, float]:
    """Train one epoch in this process. Return seconds and MiB."""
    from pipeline.heads.arrays import load_arrays
    from pipeline.train.fit import Plan, fit
    from pipeline.train.settings import Step, TrainSettings

    settings = TrainSettings(steps=(Step(heads=("box", "keypoints"), epochs=1),), batch_size=16)
    network = SpatialSettings(name="spatial", width=8, levels=2, stride=8)
    train, val = (load_arrays(folder / split, PROBLEM) for split in ("train", "val"))
    peak, running = [own_mib()], True

    def sample() -> None:
        while running:
            peak[0] = max(peak[0], own_mib())
            time.sleep(0.05)

    watcher = threading.Thread(target=sample)
    watcher.start()
    start, cpu = time.perf_counter(), time.process_time()
    fit(Plan(problem=PROBLEM, model=network, train=settings), train, val, folder / "work")
    took = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    running = False
    watcher.join()
    return took | {"peak": peak[0]}


def own_mib() -> float:
    """Memory of this process that is not backed by files, MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def main() -> None:
    """Print a row for each number of frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measure(arguments.only)))
        return
    print("| frames | seconds | ms per frame | CPU ms per frame | peak MiB of its own |\n|---|---|---|---|---|")
    for frames in arguments.frames:
        with tempfile.TemporaryDirectory(dir=".") as folder:
            make_arrays(Path(folder) / "train", frames)
            make_arrays(Path(folder) / "val", 100)
            command = [sys.executable, "-m", "benchmarks.train_scale", "--only", folder]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        row = json.loads(output.splitlines()[-1])
        per_frame, cpu = 1000 * row["seconds"] / frames, 1000 * row["cpu"] / frames
        print(f"| {frames} | {row['seconds']:.1f} | {per_frame:.2f} | {cpu:.2f} | {row['peak']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
