"""Time and memory of collect, split and prepare for many short videos, on each engine.

Time must stay linear, memory flat. Each size and engine runs in a process of its own; all frames are labelled. The
digest is that of everything that collect and prepare write, so that engines can be compared. With --dvc, the stages run
by `dvc repro` in a small repository, and the first `dvc repro` that has nothing to do is compared with the next one,
which shows what DVC itself needs.

Examples:
    python -m benchmarks.video_scale --videos 200 2000 --engines processes dask:local
    python -m benchmarks.video_scale --videos 200 --engines processes --dvc
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from heelstrike.files import file_digest
from pipeline.layout import Layout

STAGES = ("collect", "split", "prepare")
SIDE, FRAMES, VARIANTS = 64, 50, 50
SECTION: dict[str, Any] = {
    "problem": {"keypoints": ["left", "right"], "input": {"width": SIDE, "height": SIDE, "channels": 3}},
    "collect": {"sources": [{"kind": "csv"}], "repeated_pictures": "keep"},
    "validate": {},
    "split": {"near_duplicate_bits": None},
    "prepare": {},
    "augment": {"flip": 0},
    "model": {"name": "spatial"},
    "train": {},
    "search": {},
    "evaluate": {},
    "package": {},
    "gates": {},
    "measure": None,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--engines", nargs="*", default=["processes", "dask:local"])
    parser.add_argument("--dvc", action="store_true", help="measure `dvc repro` without work")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)  # set in the process of one size and engine
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(run_stages(arguments.only)))
        return
    stages = " s | ".join(STAGES)
    print(f"| engine | videos | frames | {stages} s | CPU ms/frame | main MiB after each | digest |")
    print("| --- " * (6 + len(STAGES)) + "|")
    for videos in arguments.videos:
        for engine in arguments.engines:
            with tempfile.TemporaryDirectory() as folder:
                make_videos(Path(folder), videos)
                found = in_process(Path(folder), engine)
                times = " | ".join(f"{found[stage]:.1f}" for stage in STAGES)
                memory = ", ".join(f"{peak:.0f}" for peak in found["peaks"])
                cpu = 1000 * found["cpu"] / (videos * FRAMES)
                row = f"{engine} | {videos} | {videos * FRAMES} | {times} | {cpu:.2f} | {memory} | {found['digest']}"
                print(f"| {row} |", flush=True)
        if arguments.dvc:
            with tempfile.TemporaryDirectory() as folder:
                first, second = without_work(Path(folder), videos)
                print(
                    f"\n{videos} videos: first `dvc repro` without work {first:.1f} s, the next {second:.1f} s, ratio "
                    f"{first / second:.2f}\n",
                    flush=True,
                )


def make_videos(root: Path, count: int) -> None:
    """Write short videos of noise, and a row of labels for each frame; later ones differ in appended bytes only."""
    import av

    raw = Layout(root, "bench").raw
    raw.mkdir(parents=True)
    rows = ["video,frame,subject,left_x,left_y,right_x,right_y"]
    for number in range(count):
        path = raw / f"{number:05d}.mkv"
        if number >= VARIANTS:
            shutil.copyfile(raw / f"{number % VARIANTS:05d}.mkv", path)
            with path.open("ab") as stream:
                stream.write(b"\xec" + bytes([0x84]) + number.to_bytes(4, "big"))  # a Void element: another content
        else:
            noise = np.random.default_rng(number)
            with av.open(str(path), "w") as container:
                coded = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
                coded.width, coded.height, coded.pix_fmt = SIDE, SIDE, "yuv420p"
                for _ in range(FRAMES):
                    pixels = noise.integers(0, 256, (SIDE // 8, SIDE // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
                    container.mux(coded.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")))
                container.mux(coded.encode())
        rows += [
            f"{path.name},{frame},s{number % 100},{10 + frame / 5},20,40,{30 + frame / 5}" for frame in range(FRAMES)
        ]
    (raw / "labels.csv").write_text("\n".join(rows) + "\n")
    (root / "params.yaml").write_text(yaml.safe_dump({"problems": ["bench"], "bench": SECTION}, sort_keys=False))


def in_process(root: Path, engine: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.video_scale", "--only", str(root)]
    environment = dict(os.environ) | {"HEELSTRIKE_PROGRESS": f"{root}/progress.jsonl", "HEELSTRIKE_EXECUTOR": engine}
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def run_stages(root: Path) -> dict[str, Any]:
    """Run the stages. Return seconds, CPU seconds, and the peak MiB of this process after each stage."""
    from pipeline.collect import stage as collect
    from pipeline.params import load_params
    from pipeline.prepare import stage as prepare
    from pipeline.split import stage as split

    layout, params = Layout(root, "bench"), load_params(root / "params.yaml")["bench"]
    found: dict[str, Any] = {"peaks": []}
    for name, stage in zip(STAGES, (collect, split, prepare), strict=True):
        start = time.perf_counter()
        stage.run(params, layout)
        found[name] = time.perf_counter() - start
        found["peaks"].append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    found["cpu"] = sum(used.ru_utime + used.ru_stime for used in usage)
    return found | {"digest": digest_of([layout.out("collect"), layout.out("prepare")])}


def digest_of(folders: list[Path]) -> str:
    """Return a digest of the names and contents of all files below some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(folder)} {file_digest(path)}\n".encode())
    return digest.hexdigest()[:12]


def without_work(root: Path, videos: int) -> tuple[float, float]:
    """Return the seconds of the first and the second `dvc repro` without work after the one that does it."""
    here = Path(__file__).parents[1]
    for name in ("heelstrike", "pipeline", "dvc.yaml"):
        (shutil.copytree if (here / name).is_dir() else shutil.copy2)(here / name, root / name)
    make_videos(root, videos)
    dvc = [sys.executable, "-m", "dvc"]
    environment = dict(os.environ) | {"PYTHONPATH": str(root)}
    subprocess.run([*dvc, "init", "--no-scm", "--quiet"], cwd=root, check=True)

    def repro() -> float:
        start = time.perf_counter()
        subprocess.run([*dvc, "repro", "prepare@bench"], cwd=root, check=True, capture_output=True, env=environment)
        return time.perf_counter() - start

    repro()
    return repro(), repro()


if __name__ == "__main__":
    main()
