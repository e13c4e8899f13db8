"""Which precision `auto` means: a matter of the work of a batch and the kind of processor, and of nothing else."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from pipeline.models.build import build_model
from pipeline.models.work import flops
from pipeline.train.fit import Plan, computes_bf16, precision_of

OLD = {"architecture": "x86_64", "avx512_f": True, "avx512_vnni": True, "avx512_bf16": False, "amx_bf16": False}


@pytest.mark.parametrize(
    ("cpu", "native"),
    [
        (OLD, False),  # oneDNN emulates it
        (OLD | {"avx512_bf16": True}, True),
        (OLD | {"amx_bf16": True}, True),
        (OLD | {"avx512_f": False}, False),
    ],
)
def test_mixed_precision_is_for_processors_that_compute_it(cpu: dict[str, Any], native: bool) -> None:
    assert computes_bf16(cpu) is native


@pytest.mark.skipif(torch.cuda.is_available(), reason="auto is about the GPU where there is one")
def test_auto_is_decided_by_the_processor_and_the_work_of_a_batch(plan: Callable[..., Plan]) -> None:
    native = computes_bf16(torch.cpu.get_capabilities())
    network = build_model(plan().problem, plan().model).train()
    before = torch.get_rng_state()
    images = math.ceil(50e6 / (flops(network, plan().problem.input) / 2))
    found = [precision_of(plan(batch_size=size), network) for size in (images - 1, images)]
    assert found == ["32-true", "bf16-mixed" if native else "32-true"]
    assert network.training and torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="auto is about the GPU where there is one")
def test_depthwise_convolutions_need_more_work(plan: Callable[..., Plan]) -> None:
    network = build_model(plan().problem, plan().model)
    network.add_module("depthwise", torch.nn.Conv2d(8, 8, 3, groups=8))
    images = math.ceil(50e6 / (flops(network, plan().problem.input) / 2))
    assert precision_of(plan(batch_size=images), network) == "32-true"
    native = computes_bf16(torch.cpu.get_capabilities())
    assert precision_of(plan(batch_size=40 * images), network) == ("bf16-mixed" if native else "32-true")


def test_a_stated_precision_is_used(plan: Callable[..., Plan]) -> None:
    network = build_model(plan().problem, plan().model)
    found = [precision_of(plan(precision=name), network) for name in ("32", "bf16", "16")]
    assert found == ["32-true", "bf16-mixed", "16-mixed"]
