"""Costs: known numbers of a known layer, one line per network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.grid import cost
from pipeline.grid.cost import measure_costs, write_costs
from pipeline.grid.definition import load_definition
from pipeline.grid.rows import plan_rows
from pipeline.models.build import build_model
from pipeline.params import ProblemParams


def test_one_line_per_network_with_its_numbers(
    grid: Callable[..., str], params: ProblemParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "_ROUNDS", 2)
    rows = [
        {"name": "a", "table": "points"},
        {"name": "same", "table": "points", "settings": {"train": {"lr": 0.5}}},
        {"name": "b", "table": "points", "base": "head"},
    ]
    costs = measure_costs(plan_rows(load_definition(grid(rows=rows)), params))
    assert [one.rows for one in costs] == [["a", "same"], ["b"]]
    network = build_model(params.problem, params.model)
    assert costs[0].parameters == sum(p.numel() for p in network.parameters())
    # the stem's two convolutions alone: 9 * in * out multiply-adds for each cell, at half resolution and lower
    assert costs[0].flops > 2 * 9 * 3 * 16 * 24 * 16
    for one in costs:
        assert np.isfinite([one.eager_ms, one.onnx_ms, one.images_per_s]).all()
        assert one.note == ""
    text = write_costs(costs, tmp_path).read_text()
    assert "| spatial 48×32 |" in text
    assert "| a, same |" in text
