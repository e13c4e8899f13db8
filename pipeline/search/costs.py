"""What a network costs, as objectives of a search. Both depend on the settings alone, and not on the machine."""

from pipeline.models.build import build_model
from pipeline.models.work import flops
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
    network = build_model(plan.problem, plan.model)
    found = {
        "compute": flops(network, plan.problem.input) / 1e9,
        "size": 4e-6 * sum(p.numel() for p in network.parameters()),
    }
    return tuple(round(found[name], 6) for name in objectives[1:])
