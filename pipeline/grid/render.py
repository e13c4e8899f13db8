"""A grid's tables as Markdown, CSV and a figure."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heelstrike.files import write_aside
from pipeline.grid.definition import Definition, Metric
from pipeline.grid.tables import Filled, Line
from pipeline.scoring.figures import plain_numbers
from pipeline.scoring.style import BLUE, INK, MUTED, figure, save


def shown(value: float, metric: Metric) -> str:
    """A value as a table shows it; a dash where there is none."""
    return f"{value:.{metric.digits}f}" if np.isfinite(value) else "–"


def shown_rank(line: Line) -> str:
    """`3 → 5`: published rank, our rank."""
    if not np.isfinite(line.rank_ours):
        return "–"
    return f"{line.rank_published:.0f} → {line.rank_ours:.0f}"


def shown_agreement(one: Filled) -> list[str]:
    """How the published order and ours agree, a sentence for each metric."""
    if not one.correlated:
        return ["no rank correlation: fewer than three rows have a published value and ours, or all are equal"]
    return [
        f"{one.table.metrics[name].title}: Spearman {found.spearman:+.2f} (p {_p(found.spearman_p)}), "
        f"Kendall {found.kendall:+.2f} (p {_p(found.kendall_p)}), {found.rows} rows"
        for name, found in one.correlated.items()
    ]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def circumstances(results: dict[str, dict[str, Any]]) -> list[str]:
    """Budget, machines, training images and time of the rows that ran, one sentence each."""
    done = [result for result in results.values() if result["state"] == "finished"]
    if not done:
        return ["No row has been run."]
    budgets = sorted({f"{result['budget']:g}" for result in done}, key=float)
    machines = sorted({str(result["machine"]) for result in done})
    images = sorted({int(result["train_images"]) for result in done})
    hours = sum(float(result["train_seconds"]) for result in done) / 3600
    return [
        f"Budget (share of the epochs): {', '.join(budgets)}" + ("; rows differ" if len(budgets) > 1 else "") + ".",
        f"Machine: {'; '.join(machines)}. Training took {hours:.2f} h in all.",
        f"Training images: {images[0]}" + (f" to {images[-1]}" if len(images) > 1 else "") + ".",
    ]


def write_markdown(
    definition: Definition, filled: list[Filled], results: dict[str, dict[str, Any]], path: Path
) -> None:
    """All tables, each with its rank correlations and the rows that are missing."""
    lines = [f"# {definition.title}", "", *(f"- {line}" for line in circumstances(results)), ""]
    for one in filled:
        metrics = one.table.metrics
        heads = " / ".join(metric.title for metric in metrics.values())
        lines += [f"## {one.table.title}", "", *_rows(one, heads), ""]
        if one.published:
            ranked = metrics[one.table.rank_by].title
            lines += [f"Rank: published → ours, by {ranked}. Agreement of the two orders:", ""]
            lines += [f"- {sentence}" for sentence in shown_agreement(one)]
            lines += [""]
        lines += [f"Missing: {'; '.join(one.missing)}.", ""] if one.missing else []
    with write_aside(path) as aside:
        aside.write_text("\n".join(lines))


def _rows(one: Filled, heads: str) -> list[str]:
    """A table's Markdown rows; where nothing was published, ours alone."""
    columns = ["run", "what is different", f"published: {heads}", f"ours: {heads}", "rank"]
    cells = []
    for line in one.lines:
        published, ours = (
            " / ".join(shown(side[name], metric) for name, metric in one.table.metrics.items())
            for side in (line.published, line.ours)
        )
        cells.append([line.name, line.what, published, ours, shown_rank(line)])
    wanted = range(len(columns)) if one.published else (0, 1, 3)
    rows = [columns, ["---"] * len(columns), *cells]
    return [f"| {' | '.join(row[i] for i in wanted)} |" for row in rows]


def write_csv(filled: list[Filled], path: Path) -> None:
    """A row per row and metric: table, run, metric, published, ours, note; and the ranks where it is ranked by it."""
    rows = [
        {
            "table": one.key,
            "run": line.name,
            "metric": name,
            "published": line.published[name],
            "ours": line.ours[name],
            **(
                {"rank_published": line.rank_published, "rank_ours": line.rank_ours}
                if name == one.table.rank_by
                else {}
            ),
            "note": line.note,
        }
        for one in filled
        for line in one.lines
        for name in one.table.metrics
    ]
    columns = ["table", "run", "metric", "published", "ours", "rank_published", "rank_ours", "note"]
    with write_aside(path) as aside:
        pd.DataFrame(rows, columns=columns).to_csv(aside, index=False, float_format="%.6g")


def draw(filled: list[Filled], path: Path) -> bool:
    """Published against ours, a panel for each table that has both; says whether there was anything to draw."""
    drawable = [one for one in filled if one.agreement[one.table.rank_by].rows]
    if not drawable:
        return False
    columns = min(2, len(drawable))
    rows = -(-len(drawable) // columns)
    with figure(5.2 * columns, 4.2 * rows, rows, columns) as (drawn, axes):
        for axis, one in zip(axes, drawable, strict=False):
            _panel(axis, one)
        for axis in axes[len(drawable) :]:
            axis.set_visible(False)
        with write_aside(path) as aside:
            save(drawn, aside)
    return True


def _panel(axis: Axes, one: Filled) -> None:
    metric, name = one.table.metrics[one.table.rank_by], one.table.rank_by
    lines = [line for line in one.lines if np.isfinite(line.rank_ours)]
    x, y = np.array([(line.published[name], line.ours[name]) for line in lines]).T
    axis.plot(x, y, "o", color=BLUE, markersize=5)
    for line, at in zip(lines, zip(x, y, strict=True), strict=True):
        axis.annotate(line.name, at, xytext=(4, 3), textcoords="offset points", fontsize=7, color=INK)
    if min(x.min(), y.min()) > 0:
        axis.set(xscale="log", yscale="log")
        for side in (axis.xaxis, axis.yaxis):
            plain_numbers(side)
    low, high = max(x.min(), y.min()), min(x.max(), y.max())
    if low < high:
        axis.plot([low, high], [low, high], color=MUTED, linestyle=":", linewidth=1)
    found = one.agreement[name]
    rho = f"Spearman {found.spearman:+.2f}, " if np.isfinite(found.spearman) else ""
    axis.set_title(f"{one.table.title}\n{rho}{found.rows} row{'s' if found.rows != 1 else ''}")
    axis.set(xlabel=f"published {metric.title}", ylabel=f"ours {metric.title}")
