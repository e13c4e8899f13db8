"""Cost of each network of a grid: parameters, FLOPs, latency and throughput on this machine's processor."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime
import pandas as pd
import torch

from heelstrike.files import json_digest, write_aside
from heelstrike.package.content import INPUT
from heelstrike.progress import progress
from pipeline.grid.row import machine
from pipeline.grid.rows import Planned
from pipeline.markdown import in_markdown, table_row
from pipeline.models.build import build_model
from pipeline.models.network import Network
from pipeline.models.work import flops
from pipeline.package.export import export_model
from pipeline.problem import Problem
from pipeline.spreadsheet import for_spreadsheets

_BATCH, _ROUNDS, _SECONDS = 8, 7, 4.0  # images per batch; largest number of rounds; largest duration of all rounds


@dataclass(frozen=True)
class Cost:
    """Cost of one network at one input size, on one CPU thread.

    Attributes:
        network: Architecture and input size.
        rows: Rows of the grid that use the network.
        parameters: Number of weights.
        flops: FLOPs of the forward pass of one image; a multiplication and an addition count as two.
        eager_ms: Median wall time of one image in torch, milliseconds.
        onnx_ms: Median wall time of one image in ONNX Runtime with scaling, milliseconds; NaN if it cannot be exported.
        images_per_s: Throughput in torch in batches of eight.
        note: Reason why the network was not exported; empty if it was.
    """

    HEADS: ClassVar = ("parameters", "GFLOPs", "torch ms", "ONNX ms", "images/s")

    network: str
    rows: list[str]
    parameters: int
    flops: int
    eager_ms: float
    onnx_ms: float
    images_per_s: float
    note: str = ""

    def values(self) -> list[str]:
        """Return the cells of a table with the columns `HEADS`."""
        onnx = f"{self.onnx_ms:.1f}" if np.isfinite(self.onnx_ms) else "–"
        return [
            f"{self.parameters / 1e6:.2f} M", f"{self.flops / 1e9:.2f}", f"{self.eager_ms:.1f}", onnx,
            f"{self.images_per_s:.1f}",
        ]  # fmt: skip


def measure_costs(rows: list[Planned]) -> list[Cost]:
    """Measure the costs of the different networks of some rows, in the rows' order, with random weights."""
    groups: dict[str, list[Planned]] = {}
    for row in rows:
        key = json_digest([row.params.model.model_dump(mode="json"), row.params.problem.input.model_dump()])
        groups.setdefault(key, []).append(row)
    costs = []
    with progress("measure networks", len(groups)) as bar:
        for group in groups.values():
            costs.append(_cost(group))
            bar.advance(1, network=costs[-1].network)
    return costs


def _cost(rows: list[Planned]) -> Cost:
    params = rows[0].params
    size, threads = params.problem.input, torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network = build_model(params.problem, params.model).eval()
        pixels = torch.zeros(_BATCH, size.height, size.width, size.channels, dtype=torch.uint8)
        with torch.inference_mode():
            eager = _seconds(lambda: network.predict(pixels[:1]))
            batch = _seconds(lambda: network.predict(pixels))
        onnx, note = _onnx_seconds(network, params.problem)
    finally:
        torch.set_num_threads(threads)
    return Cost(
        f"{_described(params.model.model_dump(mode='json'))} {size.width}×{size.height}",
        [row.name for row in rows],
        sum(p.numel() for p in network.parameters()),
        flops(network, params.problem.input),
        1000 * eager,
        1000 * onnx,
        _BATCH / batch,
        note,
    )


def _described(model: dict[str, Any]) -> str:
    """Describe a network by its name and every setting that is a word or true: `regression stack residual`."""
    parts = [str(model["name"])]
    for key, value in model.items():
        if key == "codec":
            continue
        if isinstance(value, dict):
            parts.append(_described(value))
        elif value is True:
            parts.append(key)
        elif isinstance(value, str) and key != "name" and value not in ("none", ""):
            parts.append(value)
    return " ".join(parts)


def _onnx_seconds(network: Network, problem: Problem) -> tuple[float, str]:
    """Return the seconds of one image in ONNX Runtime, or NaN and the reason if the network cannot be exported."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    image = np.zeros((problem.input.height, problem.input.width, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            path.write_bytes(export_model(network, problem.input).SerializeToString())
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # exporter and runtime raise exceptions of many types
            return float("nan"), (str(error).splitlines() or [type(error).__name__])[0][:200]
        return _seconds(lambda: session.run(None, {INPUT: image})), ""


def _seconds(work: Callable[[], Any]) -> float:
    """Return the median wall seconds of a call, after a first call to warm up."""
    work()
    begun, durations = time.perf_counter(), list[float]()
    while len(durations) < _ROUNDS and (len(durations) < 2 or time.perf_counter() - begun < _SECONDS):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def write_costs(costs: list[Cost], folder: Path) -> Path:
    """Write cost.md and cost.csv and return the path of cost.md."""
    lines = [
        "# Cost of each network",
        "",
        f"One CPU thread of {machine()}; median of {_ROUNDS} calls; images/s in batches of {_BATCH}; a multiplication "
        "and an addition are two FLOPs.",
        "",
        f"| network | {' | '.join(Cost.HEADS)} | rows |",
        "| --- " * (len(Cost.HEADS) + 2) + "|",
        *(table_row(cost.network, *cost.values(), ", ".join(cost.rows)) for cost in costs),
        "",
        *(f"- {cost.network} is not exported: {in_markdown(cost.note)}" for cost in costs if cost.note),
    ]
    with write_aside(folder / "cost.md") as aside:
        aside.write_text("\n".join(lines).rstrip() + "\n")
    rows = [{**vars(cost), "rows": " ".join(cost.rows)} for cost in costs]
    with write_aside(folder / "cost.csv") as aside:
        for_spreadsheets(pd.DataFrame(rows)).to_csv(aside, index=False, float_format="%.6g")
    return folder / "cost.md"
