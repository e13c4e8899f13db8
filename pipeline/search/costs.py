"""What a network costs, as objectives of a search. Both depend on the settings alone, and not on the machine."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.models.build import build_model
from pipeline.models.network import Network
from pipeline.problem import Problem
from pipeline.search.settings import Objective
from pipeline.train.fit import Plan


def costs(plan: Plan, objectives: tuple[Objective, ...]) -> tuple[float, ...]:
    """Return the objectives besides the error, in the order in which they are listed.

    `compute` is in GFLOPs for one image, where a multiplication and an addition count as two. It stands for the latency
    of the package, which differs from machine to machine and from one minute to the next. `size` is that of the weights
    in MB at four bytes each.
    """
    if len(objectives) == 1:
        return ()
    network = build_model(plan.problem, plan.model).eval()
    found = {"compute": flops(network, plan.problem) / 1e9, "size": 4e-6 * sum(p.numel() for p in network.parameters())}
    return tuple(round(found[name], 6) for name in objectives[1:])


def flops(network: Network, problem: Problem) -> int:
    """Return the FLOPs of the forward pass of one image."""
    size, counter = problem.input, FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        network(torch.zeros(1, size.height, size.width, size.channels, dtype=torch.uint8))
    return int(counter.get_total_flops())
