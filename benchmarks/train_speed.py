"""Speed of the train stage, and of its network on one fixed batch in memory, in one run.

On a GPU, if there is one. The difference is everything that is not the network: reading, augmentation, Lightning,
bookkeeping. Each round measures one epoch of the real loop and as many steps on the fixed batch, in turns, so that a
busy machine disturbs both alike. CPU time is given beside wall time for the same reason.

Examples:
    python benchmarks/train_speed.py
    python benchmarks/train_speed.py --threads 1 --rounds 5 --prepared data/rearfoot/prepare
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from pipeline.heads.arrays import Arrays, Batch, load_arrays
from pipeline.heads.training import Row
from pipeline.models.build import build_model
from pipeline.params import ProblemParams, load_params
from pipeline.problem import Problem
from pipeline.train.data import ArrayDataset
from pipeline.train.fit import Plan, fit, precision_of
from pipeline.train.heads import head_losses, total_loss
from pipeline.train.settings import Step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--problem", default="rearfoot")
    parser.add_argument("--prepared", type=Path, help="prepared arrays; default: random images of the problem's size")
    parser.add_argument("--images", type=int, default=320, help="images of an epoch")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=0, help="torch threads; 0: as in params")
    parser.add_argument("--workers", type=int, help="loader processes; default: as in params")
    arguments = parser.parse_args()
    params = load_params(arguments.params)[arguments.problem]
    threads = arguments.threads or params.train.threads
    if threads:
        torch.set_num_threads(threads)
    train = {"steps": (Step(heads=("box", "keypoints"), epochs=arguments.rounds),), "schedule": "constant"}
    if arguments.workers is not None:
        train["workers"] = arguments.workers
    plan = Plan(
        problem=params.problem,
        model=params.model,
        train=params.train.model_copy(update=train),
        augment=params.augment,
    )
    arrays = random_arrays(params, arguments.images)
    if arguments.prepared:
        arrays = load_arrays(arguments.prepared / "train", params.problem)
        arrays = arrays.subset(range(min(arguments.images, len(arrays))))
    loop, fixed = measure(plan, arrays)
    print(f"{torch.get_num_threads()} threads, {plan.train.workers} loader processes, {plan.model}")
    for name, seconds in (("train stage's loop", loop), ("one fixed batch", fixed)):
        rates = [len(arrays) / wall for wall, _ in seconds]
        cpu = [1000 * spent / len(arrays) for _, spent in seconds]
        print(f"{name}: {statistics.median(rates):.1f} images/s, {statistics.median(cpu):.1f} CPU ms/image")
    wall = [b[0] / a[0] for a, b in zip(loop, fixed, strict=True)]
    cpu = [b[1] / a[1] for a, b in zip(loop, fixed, strict=True)]
    print(f"ratio, median of {len(wall)} rounds: {statistics.median(wall):.3f} wall, {statistics.median(cpu):.3f} CPU")


def random_arrays(params: ProblemParams, count: int) -> Arrays:
    return random_arrays_of(params.problem, count)


def random_arrays_of(problem: Problem, count: int) -> Arrays:
    size, points = problem.input, len(problem.keypoints)
    rng = np.random.default_rng(1)
    return Arrays(
        rng.integers(0, 256, (count, size.height, size.width, size.channels), dtype=np.uint8),
        rng.uniform(20, min(size.width, size.height) - 20, (count, points, 2)).astype(np.float32),
        np.full((count, points), 2, np.uint8),
        np.tile(np.array([10, 10, size.width - 20, size.height - 20], np.float32), (count, 1)),
    )


def measure(plan: Plan, arrays: Arrays) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """(wall, CPU) seconds of each round: of the loop's epochs, validation of one batch included, and of fixed steps.

    The first round of each warms up and is left out. Loader processes' CPU time is not in the CPU seconds.
    """
    size = plan.train.batch_size
    batch = ArrayDataset(arrays).__getitems__([(0, row) for row in range(size)])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    batch = Batch(*(tensor.to(device) for tensor in batch))
    network = build_model(plan.problem, plan.model).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.train.lr)

    half = precision_of(plan, network) == "bf16-mixed"

    def steps() -> None:
        for _ in range(len(arrays) // size):
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                losses = head_losses(network, network(batch.pixels), batch, ("box", "keypoints"))
            optimizer.zero_grad()
            total_loss(losses, plan.train).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    loop, fixed = [], []
    begun = time.perf_counter(), time.process_time()

    def epoch_ended(row: Row) -> bool:
        nonlocal begun
        loop.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
        begun = time.perf_counter(), time.process_time()
        steps()
        fixed.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
        begun = time.perf_counter(), time.process_time()
        return True

    with tempfile.TemporaryDirectory() as work:
        fit(plan, arrays, arrays.subset(range(size)), Path(work), epoch_ended)
    return loop[1:], fixed[1:]


if __name__ == "__main__":
    main()
