"""Training beside other programs: images a second and CPU time an image, idle and beside an endless load, in one run.

Each policy is a number of torch threads and how they wait for each other, or a number of parts of a batch with a thread
each; a batch is of the same size in all. It trains in a process of its own, on random
images of the problem's size, first on the idle machine and then beside two processes that never end. CPU time includes
that of the loader process. The losses show whether the result depends on the load.

Examples:
    python -m benchmarks.busy
    python -m benchmarks.busy --policies 2 1 default --images 120
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from heelstrike.files import json_digest

_ENVIRONMENT = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # of this process, which would disturb
POLICIES: dict[str, tuple[int, int, dict[str, str]]] = {  # parts of a batch, threads of each, environment
    "default": (0, 0, {}),
    "1": (1, 1, {}),
    "2": (1, 2, {}),
    "2 passive": (1, 2, {"OMP_WAIT_POLICY": "PASSIVE"}),
    "2 parts": (2, 1, {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--problem", default="rearfoot")
    parser.add_argument("--images", type=int, default=120, help="images of an epoch")
    parser.add_argument("--epochs", type=int, default=2, help="epochs that are measured, after one that warms up")
    parser.add_argument("--load", type=int, default=2, help="endless processes of the busy machine")
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--policy", choices=POLICIES, help=argparse.SUPPRESS)  # set in the process of one policy
    arguments = parser.parse_args()
    if arguments.policy is not None:
        print(json.dumps(train(arguments)))
        return
    print("| machine | policy | parts | threads | images/s | CPU ms/image | losses |\n|" + " --- |" * 7)
    for name, load in (("idle", 0), (f"beside {arguments.load} endless processes", arguments.load)):
        with ExitStack() as stack:
            for _ in range(load):
                hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                stack.callback(hog.kill)
            for policy in arguments.policies:
                found = in_process(policy)
                speed, cpu = found["images_per_s"], found["cpu_ms"]
                size = f"{found['parts']} | {found['threads']}"
                print(f"| {name} | {policy} | {size} | {speed:.1f} | {cpu:.0f} | {found['losses']} |", flush=True)


def in_process(policy: str) -> dict[str, float | int | str]:
    """Train in a new process, since OpenMP reads its environment once."""
    *_, environment = POLICIES[policy]
    given = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT} | environment
    command = [sys.executable, "-m", "benchmarks.busy", *sys.argv[1:], "--policy", policy]
    ended = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    found: dict[str, float | int | str] = json.loads(ended.stdout.splitlines()[-1])
    return found


def train(arguments: argparse.Namespace) -> dict[str, float | int | str]:
    """Train on random images and return the speed of all epochs but the first, and a digest of the losses."""
    import torch

    from benchmarks.train_speed import random_arrays
    from pipeline.heads.training import Row
    from pipeline.params import load_params
    from pipeline.train.fit import Plan, fit
    from pipeline.train.settings import Step
    from pipeline.train.threads import use_threads

    params = load_params(arguments.params)[arguments.problem]
    steps = (Step(heads=("box", "keypoints"), epochs=arguments.epochs + 1),)
    parts, threads, _ = POLICIES[arguments.policy]
    settings = {"steps": steps, "parts": parts or params.train.parts, "threads": threads or params.train.threads}
    plan = Plan(
        problem=params.problem,
        model=params.model,
        train=params.train.model_copy(update=settings),
        augment=params.augment,
    )
    arrays = random_arrays(params, arguments.images)
    marks, rows = [], []

    def epoch_ended(row: Row) -> bool:
        marks.append((time.perf_counter(), cpu_seconds()))
        rows.append(row)
        return True

    use_threads(plan)
    with tempfile.TemporaryDirectory() as work:
        fit(plan, arrays, arrays.subset(range(plan.train.batch_size)), Path(work), epoch_ended)
    wall, cpu = (last - first for first, last in zip(marks[0], marks[-1], strict=True))
    images = arguments.epochs * len(arrays)
    return {
        "parts": plan.train.parts,
        "threads": torch.get_num_threads(),
        "images_per_s": images / wall,
        "cpu_ms": 1000 * cpu / images,
        "losses": json_digest(rows)[:12],
    }


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that live (Linux)."""
    seconds = time.process_time()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == os.getpid():
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


if __name__ == "__main__":
    main()
