"""The tables of a grid: published value, own value and rank of each row, and the agreement of the two orders."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from pipeline.grid.agreement import Agreement, agree
from pipeline.grid.definition import Definition, Metric, Table
from pipeline.grid.image_errors import ImageTables, image_errors


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        name: Name of the row.
        what: Difference to the other rows, in words.
        published: Metric -> published value; NaN if the publication gives no value.
        ours: Metric -> value of this repository's runs; NaN if the row has no value.
        rank_published: Rank of the published value among the rows with both values, 1 is best; NaN for other rows. Ties
            share a rank.
        rank_ours: Rank of the value in `ours` among the same rows.
        of_mean_label: The ranking metric in units of what the mean label scores; NaN if that is not known. At 1 a
            network has learned nothing from the pixels.
        note: Reason why `ours` has no value; empty if it has one.
    """

    name: str
    what: str
    published: dict[str, float]
    ours: dict[str, float]
    rank_published: float
    rank_ours: float
    of_mean_label: float
    note: str


@dataclass(frozen=True)
class Filled:
    """A table with its values.

    Attributes:
        key: Name of the table in the definition.
        table: Title and metrics.
        lines: Rows in the definition's order.
        agreement: Metric -> agreement of the two orders.
    """

    key: str
    table: Table
    lines: list[Line]
    agreement: dict[str, Agreement]

    @property
    def published(self) -> bool:
        """True if any row has a published value."""
        return any(np.isfinite(value) for line in self.lines for value in line.published.values())

    @property
    def missing(self) -> list[str]:
        """Rows without a value in `ours`, grouped by reason."""
        reasons: dict[str, list[str]] = {}
        for line in self.lines:
            if line.note:
                reasons.setdefault(line.note, []).append(line.name)
        return [f"{', '.join(names)} ({note})" for note, names in reasons.items()]

    @property
    def correlated(self) -> dict[str, Agreement]:
        """The agreements that have a rank correlation, by metric."""
        return {name: agreement for name, agreement in self.agreement.items() if np.isfinite(agreement.spearman.value)}


def fill_tables(
    definition: Definition, results: dict[str, dict[str, Any]], images: ImageTables = lambda _: None
) -> list[Filled]:
    """Fill the tables of a grid with the results of its rows. A row with seeds has the mean over its seeds.

    Args:
        definition: The grid.
        results: Row (NAME-sSEED with seeds) -> content of its result file, for the rows that have been run.
        images: The table of test images of each of them, for intervals over people.
    """
    return [_filled(key, table, definition, results, images) for key, table in definition.tables.items()]


def _filled(
    key: str, table: Table, definition: Definition, results: dict[str, dict[str, Any]], images: ImageTables
) -> Filled:
    rows = [row for row in definition.rows if row.table == key]
    runs = {row.name: [results.get(name, {}) for name in row.run_names] for row in rows}
    ours = {row.name: {m: _mean(runs[row.name], metric) for m, metric in table.metrics.items()} for row in rows}
    published = {row.name: {m: row.published.get(m, np.nan) for m in table.metrics} for row in rows}
    names, metric = list(ours), table.metrics[table.rank_by]
    a, b = (np.array([values[n][table.rank_by] for n in names]) for values in (published, ours))
    ranks_a, ranks_b = _ranks(a, b, metric)
    lines = [
        Line(
            row.name,
            row.what,
            published[row.name],
            ours[row.name],
            ranks_a[i],
            ranks_b[i],
            ours[row.name][table.rank_by] / _mean(runs[row.name], metric, "mean_label"),
            _note(runs[row.name]),
        )
        for i, row in enumerate(rows)
    ]
    agreement = {}
    for name, of in table.metrics.items():
        a, b = (np.array([values[n][name] for n in names]) for values in (published, ours))
        both = [row for row, known in zip(rows, np.isfinite(a) & np.isfinite(b), strict=True) if known]
        agreement[name] = agree(a, b, image_errors([[*row.run_names] for row in both], of, images))
    return Filled(key, table, lines, agreement)


def _ranks(published: np.ndarray, ours: np.ndarray, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks of both sides among the rows with both values, 1 is best; NaN for other rows."""
    both = np.isfinite(published) & np.isfinite(ours)
    sign = 1 if metric.better == "lower" else -1
    result = []
    for values in (published, ours):
        ranks = np.full(len(values), np.nan)
        ranks[both] = rankdata(sign * values[both], method="min")
        result.append(ranks)
    return result[0], result[1]


def _mean(results: list[dict[str, Any]], metric: Metric, of: str = "metrics") -> float:
    """Return the mean of a metric over the seeds that have it, multiplied by the metric's scale."""
    values = [at_path(result.get(of, {}), metric.of) for result in results]
    known = [value for value in values if np.isfinite(value)]
    return metric.scale * float(np.mean(known)) if known else float("nan")


def at_path(metrics: Any, path: str) -> float:
    """Return a number of nested metrics by its path, for instance `keypoints.rmse_px`; NaN if it does not exist."""
    for key in path.split("."):
        metrics = metrics.get(key) if isinstance(metrics, dict) else None
    return float(metrics) if isinstance(metrics, int | float) else float("nan")


def _note(results: list[dict[str, Any]]) -> str:
    """Return the reason why a row has no value, or has values for some seeds only; empty if it is complete."""
    failed = [str(r.get("message", "")).splitlines()[0] for r in results if r.get("state") == "failed"]
    if failed:
        return f"failed: {failed[0]}"
    missing = sum(not result for result in results)
    if not missing:
        return ""
    return "not run" if missing == len(results) else f"{missing} of {len(results)} seeds not run"
