"""A grid's tables: published, ours and rank of each row, and how well the two orders agree."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import kendalltau, rankdata, spearmanr

from pipeline.grid.definition import Definition, Metric, Table

_FEWEST = 3  # rows for which a rank correlation says anything


class Agreement(NamedTuple):
    """How the published order and ours agree by one metric.

    Attributes:
        rows: With both values.
        spearman: Spearman's rho, NaN with fewer than three rows or where all values of a side are equal.
        spearman_p: Its two-sided p value.
        kendall: Kendall's tau-b.
        kendall_p: Its two-sided p value.
    """

    rows: int
    spearman: float
    spearman_p: float
    kendall: float
    kendall_p: float


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        name: The row.
        what: What is different.
        published: Metric to published value; NaN where none was.
        ours: Metric to our value; NaN where there is none.
        rank_published: 1 is best, among the rows that have both values; NaN for the others. Ties share a rank.
        rank_ours: The same of ours.
        note: Why there is no value of ours, or nothing.
    """

    name: str
    what: str
    published: dict[str, float]
    ours: dict[str, float]
    rank_published: float
    rank_ours: float
    note: str


@dataclass(frozen=True)
class Filled:
    """A table with its values.

    Attributes:
        key: Its name in the definition.
        table: Title and metrics.
        lines: Its rows in the definition's order.
        agreement: Metric to the agreement of the two orders.
    """

    key: str
    table: Table
    lines: list[Line]
    agreement: dict[str, Agreement]

    @property
    def published(self) -> bool:
        """Whether anything was published that ours can be compared with."""
        return any(np.isfinite(value) for line in self.lines for value in line.published.values())

    @property
    def missing(self) -> list[str]:
        """Rows without a value of ours, those with the same reason together."""
        reasons: dict[str, list[str]] = {}
        for line in self.lines:
            if line.note:
                reasons.setdefault(line.note, []).append(line.name)
        return [f"{', '.join(names)} ({note})" for note, names in reasons.items()]

    @property
    def correlated(self) -> dict[str, Agreement]:
        """The agreement by those metrics that have one."""
        return {name: found for name, found in self.agreement.items() if np.isfinite(found.spearman)}


def fill_tables(definition: Definition, results: dict[str, dict[str, Any]]) -> list[Filled]:
    """The tables of a grid from the results of its rows; a row with seeds is their mean.

    Args:
        definition: The grid.
        results: Row (NAME-sSEED where it has seeds) to its result file; rows that have not been run are left out.
    """
    return [_filled(key, table, definition, results) for key, table in definition.tables.items()]


def _filled(key: str, table: Table, definition: Definition, results: dict[str, dict[str, Any]]) -> Filled:
    rows = [row for row in definition.rows if row.table == key]
    found = {row.name: [results.get(name, {}) for name in row.run_names] for row in rows}
    ours = {row.name: {m: _mean(found[row.name], metric) for m, metric in table.metrics.items()} for row in rows}
    published = {row.name: {m: row.published.get(m, np.nan) for m in table.metrics} for row in rows}
    names, metric = list(ours), table.metrics[table.rank_by]
    a, b = (np.array([values[n][table.rank_by] for n in names]) for values in (published, ours))
    ranks_a, ranks_b = _ranks(a, b, metric)
    lines = [
        Line(row.name, row.what, published[row.name], ours[row.name], ranks_a[i], ranks_b[i], _note(found[row.name]))
        for i, row in enumerate(rows)
    ]
    agreement = {
        m: agree(np.array([published[n][m] for n in names]), np.array([ours[n][m] for n in names]))
        for m in table.metrics
    }
    return Filled(key, table, lines, agreement)


def agree(published: np.ndarray, ours: np.ndarray) -> Agreement:
    """Rank correlations over the rows that have both values."""
    both = np.isfinite(published) & np.isfinite(ours)
    a, b = published[both], ours[both]
    if len(a) < _FEWEST or len(set(a)) < 2 or len(set(b)) < 2:
        return Agreement(len(a), *[float("nan")] * 4)
    rho, tau = spearmanr(a, b), kendalltau(a, b)
    return Agreement(len(a), *(float(v) for v in (rho.statistic, rho.pvalue, tau.statistic, tau.pvalue)))


def _ranks(published: np.ndarray, ours: np.ndarray, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of both, 1 is best, over the rows that have both values; NaN for the others."""
    both = np.isfinite(published) & np.isfinite(ours)
    sign = 1 if metric.better == "lower" else -1
    result = []
    for values in (published, ours):
        ranks = np.full(len(values), np.nan)
        ranks[both] = rankdata(sign * values[both], method="min")
        result.append(ranks)
    return result[0], result[1]


def _mean(results: list[dict[str, Any]], metric: Metric) -> float:
    """Mean of a metric over the seeds that have it, as it is shown."""
    values = [at_path(result.get("metrics", {}), metric.of) for result in results]
    known = [value for value in values if np.isfinite(value)]
    return metric.scale * float(np.mean(known)) if known else float("nan")


def at_path(metrics: Any, path: str) -> float:
    """A number among nested metrics by its path, `keypoints.rmse_px`; NaN where there is none."""
    for key in path.split("."):
        metrics = metrics.get(key) if isinstance(metrics, dict) else None
    return float(metrics) if isinstance(metrics, int | float) else float("nan")


def _note(results: list[dict[str, Any]]) -> str:
    """Why a row has no value, or has it of some seeds only."""
    failed = [str(r.get("message", "")).splitlines()[0] for r in results if r.get("state") == "failed"]
    if failed:
        return f"failed: {failed[0]}"
    missing = sum(not result for result in results)
    if not missing:
        return ""
    return "not run" if missing == len(results) else f"{missing} of {len(results)} seeds not run"
