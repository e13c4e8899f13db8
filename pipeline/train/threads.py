"""How many threads a training has on a CPU: a matter of its settings and of the machine's cores, never of its load.

Two threads wait for each other some hundred times in a batch. Beside another program each of these waits can take as
long as the system lets the other program run, and the threads burn their time at barriers. With little work between two
waits a second thread is worth little on an idle machine as well. So a training has one thread for each `_WORK`
multiplications of a batch, shared among the parts of a batch (pipeline.train.parts). Losses depend on the number of
threads in their last bits; here they never depend on what else the machine does. benchmarks/busy.py measures it.
"""

import torch

from heelstrike.cores import cores
from pipeline.models.build import build_model
from pipeline.models.work import flops
from pipeline.train.fit import Plan

_WORK = 10e9
"""Multiplications of a batch's forward pass for which another thread is worth its waits."""


def use_threads(plan: Plan, processes: int = 1) -> int:
    """Set torch's threads of each part of a batch: `train.threads`, or by the work. A GPU needs no choice.

    Args:
        plan: Settings.
        processes: Processes of this machine that share each batch.

    Returns:
        Their number.
    """
    if plan.train.threads:
        torch.set_num_threads(plan.train.threads)
    elif not torch.cuda.is_available():
        torch.set_num_threads(max(1, min(cores(), int(batch_work(plan) / _WORK)) // (processes * plan.train.parts)))
    return torch.get_num_threads()


def batch_work(plan: Plan) -> float:
    """Return the multiplications of the forward pass of one batch. Torch's random state is not used."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_model(plan.problem, plan.model)
    return plan.train.batch_size * flops(network, plan.problem.input) / 2
