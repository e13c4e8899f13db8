"""The matrix of a transfer grid: each target's error from each start, and its change against random weights.

Intervals are 95 % intervals by Student's t over the trainings (seeds). The change is the mean change of the logarithm
of the error between trainings of the same seed, expressed as a share; below zero the start helped. All trainings have
the same test images, so the intervals do not cover other images.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import t

from pipeline.grid.compare import Figure
from pipeline.grid.definition import Definition, Metric
from pipeline.grid.parts import Part
from pipeline.grid.row import read_result
from pipeline.grid.rows import NOTHING
from pipeline.grid.run import Places
from pipeline.grid.tables import at_path
from pipeline.layout import Layout
from pipeline.scoring.bootstrap import Interval


@dataclass(frozen=True)
class Cell:
    """A cell of the transfer matrix: the error of one target trained from one start.

    Attributes:
        target: Problem that was trained.
        source: Start of the training.
        error: Error by seed, for the finished trainings.
        mean: Mean error over the seeds.
        change: Change of the error against random weights, as a share; `None` for the start from random weights.
        took: Description of the loaded weights.
        note: Reason why the pair or some of its seeds have no value.
    """

    target: str
    source: str
    error: dict[int, float]
    mean: Figure
    change: Figure | None
    took: str = ""
    note: str = ""

    @property
    def verdict(self) -> str:
        """`better` or `worse` if the interval excludes no change, else empty. Lower values count as better."""
        if self.change is None or not np.isfinite(self.change.interval.low):
            return ""
        low, high = self.change.interval
        return "better" if high < 0 else "worse" if low > 0 else ""


@dataclass(frozen=True)
class Matrix:
    """All cells by (target, source), with their metric and the order of targets and sources."""

    metric: Metric
    targets: list[str]
    sources: list[str]
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)


def read_matrix(definition: Definition, parts: list[Part], root: Path) -> Matrix:
    """Read the matrix of the trainings that have been run so far."""
    assert definition.transfer is not None
    table = definition.tables[definition.transfer.table]
    metric = table.metrics[table.rank_by]
    cells: dict[tuple[str, str], Cell] = {}
    for part in parts:
        places, scratch = Places(Layout(root, part.problem), definition.name), dict[int, float]()
        for row in part.definition.rows:
            assert row.start is not None
            results = {seed: read_result(places.result(name)) or {} for name, seed in row.run_names.items()}
            cell = _cell(part.problem, row.start, results, metric, scratch)
            cells[part.problem, row.start] = cell
            scratch = cell.error if row.start == NOTHING else scratch
    sources = list(dict.fromkeys(source for _, source in cells))
    targets = [part.problem for part in parts]
    order = [s for s in sources if s not in targets] + [s for s in targets if s in sources]
    return Matrix(metric, targets, order, cells)


def _cell(
    target: str, source: str, results: dict[Any, dict[str, Any]], metric: Metric, scratch: dict[int, float]
) -> Cell:
    values = {seed: metric.scale * at_path(result.get("metrics", {}), metric.of) for seed, result in results.items()}
    error = {seed: value for seed, value in values.items() if np.isfinite(value)}
    both = [seed for seed in error if scratch.get(seed, 0) > 0 and error[seed] > 0]
    change = None if source == NOTHING else _share(np.array([np.log(error[s] / scratch[s]) for s in both]))
    failed = [str(r["message"]).splitlines()[0] for r in results.values() if r.get("state") == "failed"]
    missing = len(results) - len(error)
    note = failed[0] if failed else f"{missing} of {len(results)} not run" if missing else ""
    took = next((str(r["started_from"]) for r in results.values() if "started_from" in r), "")
    mean, (low, high) = mean_of(np.array(list(error.values())))
    low = max(low, 0.0) if all(value >= 0 for value in error.values()) else low  # no error is below zero
    return Cell(target, source, error, Figure(mean, Interval(low, high)), change, took, note)


def mean_of(values: Float[np.ndarray, "N"]) -> Figure:
    """Return the mean and its 95 % interval by Student's t; the interval of fewer than two values is NaN."""
    if len(values) < 2:
        return Figure(float(values.mean()) if len(values) else float("nan"), Interval(float("nan"), float("nan")))
    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Figure(float(values.mean()), Interval(float(values.mean()) - half, float(values.mean()) + half))


def _share(logs: Float[np.ndarray, "N"]) -> Figure:
    value, (low, high) = mean_of(logs)
    return Figure(float(np.expm1(value)), Interval(float(np.expm1(low)), float(np.expm1(high))))


def sentences(matrix: Matrix) -> list[str]:
    """Return two sentences: the pairs in which another start helps, and those in which it harms or shows no effect."""
    known = [c for c in matrix.cells.values() if c.change and c.error and np.isfinite(c.change.interval.low)]
    if not known:
        return ["Nothing can be said yet: no start has two trainings beside two from nothing with the same seeds."]
    sign = 1 if matrix.metric.better == "lower" else -1
    words = {"better": "better" if sign > 0 else "worse", "worse": "worse" if sign > 0 else "better"}
    pairs = {verdict: [_pair(c) for c in known if words.get(c.verdict) == verdict] for verdict in ("better", "worse")}
    name, count = matrix.metric.title, len(known)
    seeds = sorted({len(cell.error) for cell in known})
    times = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    helps = (
        f"Another start helps, by {name}, in {len(pairs['better'])} of {count} pairs: {'; '.join(pairs['better'])}."
        if pairs["better"]
        else f"That another start helps, by {name}, is shown in none of {count} pairs."
    )
    silent = count - len(pairs["better"]) - len(pairs["worse"])
    harms = f"It harms in {len(pairs['worse'])}: {'; '.join(pairs['worse'])}" if pairs["worse"] else "It harms in none"
    by_chance = "" if count < 20 else f" (of {count} intervals about {round(count / 20)} would by chance)"
    return [
        helps,
        f"{harms}, and in {silent} the interval over {times} trainings, which is wide of so few, includes no change"
        f"{by_chance}.",
    ]


def _pair(cell: Cell) -> str:
    """Describe a cell as `hand from foot (−12 % (−20 to −3))`."""
    assert cell.change is not None
    return f"{cell.target} from {cell.source} ({shown_change(cell.change)})"


def shown_change(change: Figure) -> str:
    """Format a change as `−12 % (−20 to −3)`."""
    low, high = (100 * value for value in change.interval)
    span = f" ({low:+.0f} to {high:+.0f})" if np.isfinite(low) else ""
    return f"{100 * change.value:+.0f} %{span}".replace("-", "−")
