"""Memory and time of the prepare stage for 1,000 to 20,000 generated frames: memory must stay flat, time linear.

Each size runs in a process of its own, whose peak memory is read when it ends. The frames are links to a few rendered
ones; each link is decoded.

    python benchmarks/prepare_scale.py --frames 1000 5000 20000 --width 640 --height 480
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from heelstrike.files import write_json
from pipeline.layout import Layout
from pipeline.params import parse_params

DIFFERENT = 20
KEYPOINTS = ["a", "b", "c", "d", "e", "f"]
SECTION = {
    "problem": {"keypoints": KEYPOINTS},
    "collect": {"sources": [{"kind": "csv"}]},
    "model": {"name": "spatial"},
}


def render(folder: Path, frames: int, width: int, height: int, suffix: str) -> list[str]:
    """Write a few smooth, noisy frames, and link them under `frames` names."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    names = [f"images/{n:06d}.{suffix}" for n in range(frames)]
    for n, name in enumerate(names):
        path = folder.parent / name
        if n >= DIFFERENT:
            os.link(folder.parent / names[n % DIFFERENT], path)
            continue
        image = cv2.resize(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8), (width, height))
        noisy = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), noisy)
    return names


def make_inputs(root: Path, frames: int, width: int, height: int, suffix: str) -> None:
    """Write the outputs of collect and split: images, and COCO files of 65, 15 and 20 per cent of them."""
    layout = Layout(root, "bench")
    names = render(layout.out("collect") / "images", frames, width, height, suffix)
    ends = {"train": (0, 0.65), "val": (0.65, 0.8), "test": (0.8, 1)}
    for split, (start, end) in ends.items():
        images, annotations = [], []
        for n in range(round(start * frames), round(end * frames)):
            about = {"subject": f"s{n % 30}", "video": "v.mp4", "frame": n, "time_s": n / 25, "slices": {"tone": "I"}}
            images.append({"id": n + 1, "file_name": names[n], "width": width, "height": height} | about)
            points = [float(v) for k in range(len(KEYPOINTS)) for v in (50 + k, 60 + k, 2)]
            label = {"id": n + 1, "image_id": n + 1, "subject": f"s{n % 30}", "category_id": 1, "iscrowd": 0}
            annotations.append(label | {"bbox": [10.0, 10.0, 100.0, 100.0], "keypoints": points})
        write_json(layout.out("split") / f"{split}.json", {"images": images, "annotations": annotations})


def measure(root: Path) -> dict[str, float]:
    """Run the stage in this process. Return seconds and MiB."""
    from pipeline.prepare import stage

    params = parse_params({"problems": ["bench"], "bench": SECTION})["bench"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, cpu = time.perf_counter(), time.process_time()
    stage.run(params, Layout(root, "bench"))
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "before": before,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print a row for each number of frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 2000, 5000, 10000, 20000])
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--suffix", choices=["png", "jpg"], default="png")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measure(arguments.only)))
        return
    print("| frames | seconds | ms per frame | CPU ms per frame | MiB at start | peak MiB |\n|---|---|---|---|---|---|")
    for frames in arguments.frames:
        with tempfile.TemporaryDirectory() as folder:
            make_inputs(Path(folder), frames, arguments.width, arguments.height, arguments.suffix)
            command = [sys.executable, __file__, "--only", folder]
            output = subprocess.run(command, check=True, capture_output=True, text=True, env=_quiet(folder)).stdout
        row = json.loads(output.splitlines()[-1])
        per_frame, cpu = 1000 * row["seconds"] / frames, 1000 * row["cpu"] / frames
        cells = f"{row['seconds']:.1f} | {per_frame:.2f} | {cpu:.2f} | {row['before']:.0f} | {row['peak']:.0f}"
        print(f"| {frames} | {cells} |", flush=True)


def _quiet(folder: str) -> dict[str, str]:
    """Return the environment with progress written to a file."""
    return dict(os.environ) | {"HEELSTRIKE_PROGRESS": f"{folder}/progress.jsonl"}


if __name__ == "__main__":
    main()
