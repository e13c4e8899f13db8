"""The objectives besides the error."""

from typing import Any

import pytest

from pipeline.models.build import build_model
from pipeline.search.costs import costs
from pipeline.train.fit import Plan


def plan(params: Any, side: int = 32) -> Plan:
    given = params()
    problem = given.problem.model_dump(mode="json") | {"input": {"width": side, "height": side, "channels": 3}}
    model = {"name": "spatial", "width": 4, "levels": 2}
    return Plan.model_validate({"problem": problem, "model": model, "train": given.train.model_dump(mode="json")})


def test_size_is_that_of_the_weights_and_compute_grows_with_the_pixels(params: Any) -> None:
    small, large = plan(params), plan(params, 64)
    size, compute = costs(small, ("error", "size", "compute"))
    network = build_model(small.problem, small.model)
    assert size == pytest.approx(4e-6 * sum(p.numel() for p in network.parameters()), abs=1e-6)
    assert costs(large, ("error", "compute"))[0] == pytest.approx(4 * compute, rel=0.01), (
        "a fully convolutional network"
    )


def test_the_error_alone_costs_nothing(params: Any) -> None:
    assert costs(plan(params), ("error",)) == ()
