"""Mixed precision (bfloat16) against single precision: updates of several networks on batches of several sizes.

Each pair is measured in turns, so that a busy machine disturbs both alike. The time is the CPU's, of one thread. The
work of a batch is that of pipeline/train/threads.py: multiplications of its forward pass.

Example:
    python -m benchmarks.precision --batches 2 6 16 --sides 64 256
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.train_speed import random_arrays_of
from pipeline.heads.arrays import Batch
from pipeline.models.build import build_model
from pipeline.params import load_params
from pipeline.train.data import ArrayDataset
from pipeline.train.fit import Plan
from pipeline.train.heads import head_losses, total_loss
from pipeline.train.threads import batch_work

NETWORKS: dict[str, dict[str, Any]] = {
    "refined, width 16 (default)": {},
    "spatial, width 8": {"name": "spatial", "stride": 4, "width": 8, "levels": 3, "codec": "softmax"},
    "spatial, width 32": {"name": "spatial", "stride": 4, "width": 32, "levels": 3, "codec": "softmax"},
    "regression, stack": {"name": "regression", "backbone": {"name": "stack"}},
    "regression, MobileNetV2": {"name": "regression", "backbone": {"name": "mobilenet_v2"}},
    "regression, ResNet-18": {"name": "regression", "backbone": {"name": "resnet18"}},
    "heatmapnet": {"name": "heatmapnet"},
    "unet, ResNet-18": {"name": "unet", "encoder": "resnet18"},
    "deeplabv3plus, ResNet-18": {"name": "deeplabv3plus", "encoder": "resnet18"},
    "vit": {"name": "vit"},
    "hourglass": {"name": "hourglass"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 6, 16])
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="time of a round of one precision, at least one update"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | side | batch | billion multiplications | images/s, 32 | bf16 | ratio |\n" + "| --- " * 7 + "|")
    for name in arguments.networks:
        for side in arguments.sides:
            for batch in arguments.batches:
                plan = plan_of(NETWORKS[name], side, batch)
                single, mixed = measure(plan, arguments.rounds, arguments.seconds)
                ratio = statistics.median(b / a for a, b in zip(single, mixed, strict=True))
                rates = f"{statistics.median(single):.1f} | {statistics.median(mixed):.1f} | {ratio:.2f}"
                print(f"| {name} | {side} | {batch} | {batch_work(plan) / 1e9:.2f} | {rates} |", flush=True)


def plan_of(model: dict[str, Any], side: int, batch: int) -> Plan:
    params = load_params(Path("params.yaml"))["rearfoot"]
    sections = {
        "problem": params.problem.model_dump() | {"input": {"width": side, "height": side, "channels": 3}},
        "model": model or params.model.model_dump(),
        "train": params.train.model_dump() | {"batch_size": batch},
    }
    return Plan.model_validate(sections)


def measure(plan: Plan, rounds: int, seconds: float) -> tuple[list[float], list[float]]:
    """Return images a second of CPU time in single and in mixed precision, of each round; a first one warms up."""
    arrays = random_arrays_of(plan.problem, plan.train.batch_size)
    batch: Batch = ArrayDataset(arrays).__getitems__([(0, row) for row in range(plan.train.batch_size)])
    torch.manual_seed(0)
    network = build_model(plan.problem, plan.model).to(memory_format=torch.channels_last)
    heads = tuple(head for head in ("box", "keypoints") if head in network.heads)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def rate(mixed: bool) -> float:
        begun, updates = time.process_time(), 0
        while not updates or time.process_time() - begun < seconds:
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                losses = head_losses(network, network(batch.pixels), batch, heads)
            optimizer.zero_grad()
            total_loss(losses, plan.train).backward()
            optimizer.step()
            updates += 1
        return updates * plan.train.batch_size / (time.process_time() - begun)

    found = [(rate(False), rate(True)) for _ in range(rounds + 1)]
    return [single for single, _ in found[1:]], [mixed for _, mixed in found[1:]]


if __name__ == "__main__":
    main()
