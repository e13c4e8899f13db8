"""A grid's tables as Markdown, CSV and a figure."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heelstrike.files import write_aside
from pipeline.grid.agreement import Correlation
from pipeline.grid.definition import Definition, Metric
from pipeline.grid.tables import Filled, Line
from pipeline.markdown import table_row
from pipeline.scoring.figures import plain_numbers
from pipeline.scoring.style import BLUE, INK, MUTED, figure, save
from pipeline.spreadsheet import for_spreadsheets


def shown(value: float, metric: Metric) -> str:
    """Format a value for a table; a dash if it is missing."""
    return f"{value:.{metric.digits}f}" if np.isfinite(value) else "–"


def shown_rank(line: Line) -> str:
    """Format the published rank and our rank as `3 → 5`."""
    if not np.isfinite(line.rank_ours):
        return "–"
    return f"{line.rank_published:.0f} → {line.rank_ours:.0f}"


def shown_of_mean_label(line: Line) -> str:
    """Format the ranking metric in per cent of what the mean label scores; a dash if it is missing."""
    return f"{line.of_mean_label:.0%}" if np.isfinite(line.of_mean_label) else "–"


def shown_agreement(filled: Filled) -> list[str]:
    """Describe the rank correlation of published and own values, one sentence for each metric."""
    if not filled.correlated:
        return ["no rank correlation: fewer than three rows have a published value and ours, or all are equal"]
    return [
        f"{filled.table.metrics[name].title}: Spearman {_correlation(agreement.spearman)}, "
        f"Kendall {_correlation(agreement.kendall)}, {agreement.rows} rows"
        for name, agreement in filled.correlated.items()
    ]


def _correlation(shown: Correlation) -> str:
    """Describe a rank correlation: `+0.42 (p 0.045; 95 % over rows +0.02 to +0.71, over test people +0.3 to +0.5)`."""
    intervals = [("rows", shown.rows), ("test people", shown.people)]
    parts = [f"over {of} {low:+.2f} to {high:+.2f}" for of, (low, high) in intervals if np.isfinite(low)]
    return f"{shown.value:+.2f} (p {_p(shown.p)}; 95 % {', '.join(parts)})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def circumstances(results: dict[str, dict[str, Any]]) -> list[str]:
    """Describe budget, machines, training images and training time of the finished rows, one sentence each."""
    done = [result for result in results.values() if result["state"] == "finished"]
    if not done:
        return ["No row has been run."]
    budgets = sorted({f"{result['budget']:g}" for result in done}, key=float)
    machines = sorted({str(result["machine"]) for result in done})
    images = sorted({int(result["train_images"]) for result in done})
    epochs = sorted({int(result["epochs"]) for result in done if "epochs" in result})
    hours = sum(float(result["train_seconds"]) for result in done) / 3600
    return [
        f"Budget (share of the epochs): {', '.join(budgets)}" + ("; rows differ" if len(budgets) > 1 else "") + ".",
        *([f"Epochs: {epochs[0]}" + (f" to {epochs[-1]}" if len(epochs) > 1 else "") + "."] if epochs else []),
        f"Machine: {'; '.join(machines)}. Training took {hours:.2f} h in all.",
        f"Training images: {images[0]}" + (f" to {images[-1]}" if len(images) > 1 else "") + ".",
    ]


def write_markdown(
    definition: Definition, filled: list[Filled], results: dict[str, dict[str, Any]], path: Path
) -> None:
    """Write all tables, each with its rank correlations and its missing rows."""
    lines = [f"# {definition.title}", "", *(f"- {line}" for line in circumstances(results)), ""]
    for table in filled:
        metrics = table.table.metrics
        heads = " / ".join(metric.title for metric in metrics.values())
        lines += [f"## {table.table.title}", "", *_rows(table, heads), ""]
        if table.published:
            ranked = metrics[table.table.rank_by].title
            lines += [f"Rank: published → ours, by {ranked}. Agreement of the two orders:", ""]
            lines += [f"- {sentence}" for sentence in shown_agreement(table)]
            lines += [""]
        lines += [f"Missing: {'; '.join(table.missing)}.", ""] if table.missing else []
    with write_aside(path) as aside:
        aside.write_text("\n".join(lines))


def _rows(filled: Filled, heads: str) -> list[str]:
    """Return a table's Markdown rows; without published values they have our values alone."""
    columns = ["run", "what is different", f"published: {heads}", f"ours: {heads}", "of mean label", "rank"]
    cells = []
    for line in filled.lines:
        published, ours = (
            " / ".join(shown(side[name], metric) for name, metric in filled.table.metrics.items())
            for side in (line.published, line.ours)
        )
        cells.append([line.name, line.what, published, ours, shown_of_mean_label(line), shown_rank(line)])
    wanted = [0, 1, *([2] if filled.published else []), 3]
    wanted += [4] if any(np.isfinite(line.of_mean_label) for line in filled.lines) else []
    wanted += [5] if filled.published else []
    rows = [columns, ["---"] * len(columns), *cells]
    return [table_row(*(row[i] for i in wanted)) for row in rows]


def write_csv(filled: list[Filled], path: Path) -> None:
    """Write one line per row and metric; ranks and `of_mean_label` are those of the ranking metric."""
    rows = [
        {
            "table": table.key,
            "run": line.name,
            "metric": name,
            "published": line.published[name],
            "ours": line.ours[name],
            **(
                {
                    "rank_published": line.rank_published,
                    "rank_ours": line.rank_ours,
                    "of_mean_label": line.of_mean_label,
                }
                if name == table.table.rank_by
                else {}
            ),
            "note": line.note,
        }
        for table in filled
        for line in table.lines
        for name in table.table.metrics
    ]
    columns = ["table", "run", "metric", "published", "ours", "rank_published", "rank_ours", "of_mean_label", "note"]
    with write_aside(path) as aside:
        for_spreadsheets(pd.DataFrame(rows, columns=columns)).to_csv(aside, index=False, float_format="%.6g")


def draw(filled: list[Filled], path: Path) -> bool:
    """Draw our values over the published ones, one panel for each table that has both; False if there is none."""
    drawable = [table for table in filled if table.agreement[table.table.rank_by].rows]
    if not drawable:
        return False
    columns = min(2, len(drawable))
    rows = -(-len(drawable) // columns)
    with figure(5.2 * columns, 4.2 * rows, rows, columns) as (drawn, axes):
        for axis, table in zip(axes, drawable, strict=False):
            _panel(axis, table)
        for axis in axes[len(drawable) :]:
            axis.set_visible(False)
        with write_aside(path) as aside:
            save(drawn, aside)
    return True


def _panel(axis: Axes, filled: Filled) -> None:
    metric, name = filled.table.metrics[filled.table.rank_by], filled.table.rank_by
    lines = [line for line in filled.lines if np.isfinite(line.rank_ours)]
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
    agreement = filled.agreement[name]
    rho = f"Spearman {agreement.spearman.value:+.2f}, " if np.isfinite(agreement.spearman.value) else ""
    axis.set_title(f"{filled.table.title}\n{rho}{agreement.rows} row{'s' if agreement.rows != 1 else ''}")
    axis.set(xlabel=f"published {metric.title}", ylabel=f"ours {metric.title}")
