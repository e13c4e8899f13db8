"""A transfer matrix as Markdown, CSV and a heat map."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from heelstrike.files import write_aside
from pipeline.grid.matrix import Cell, Matrix, sentences, shown_change
from pipeline.grid.rows import NOTHING
from pipeline.markdown import in_markdown, table_row
from pipeline.scoring.style import INK, MUTED, figure, save
from pipeline.spreadsheet import for_spreadsheets

_STRONGEST = 0.5  # change at which the colour is saturated


def write_matrix(matrix: Matrix, title: str, folder: Path) -> list[Path]:
    """Write matrix.md, matrix.csv and matrix.png and return their paths."""
    written = [folder / f"matrix.{suffix}" for suffix in ("md", "csv", "png")]
    with write_aside(written[0]) as aside:
        aside.write_text("\n".join(_markdown(matrix, title)).rstrip() + "\n")
    with write_aside(written[1]) as aside:
        table = pd.DataFrame([_flat(cell) for cell in matrix.cells.values()])
        for_spreadsheets(table).to_csv(aside, index=False, float_format="%.6g")
    _draw(matrix, title, written[2])
    return written


def cell_text(cell: Cell | None, matrix: Matrix) -> str:
    """Format a cell as `3.21 (2.90 to 3.52)`; a dash if it has no value."""
    if cell is None or not cell.error:
        return "–"
    digits, (low, high) = matrix.metric.digits, cell.mean.interval
    span = f" ({low:.{digits}f} to {high:.{digits}f})" if np.isfinite(low) else ""
    return f"{cell.mean.value:.{digits}f}{span}"


def _markdown(matrix: Matrix, title: str) -> list[str]:
    changed = [source for source in matrix.sources if source != NOTHING]
    cells = matrix.cells
    notes = [f"- {c.target} from {c.source}: {in_markdown(c.note)}" for c in cells.values() if c.note]
    took = [f"- {cell.target} took from {cell.took}" for cell in cells.values() if cell.took]
    return [
        f"# {title}",
        "",
        *sentences(matrix),
        "",
        f"{matrix.metric.title} on the test split, mean over trainings with its 95 % interval:",
        "",
        *_table(matrix, matrix.sources, lambda cell: cell_text(cell, matrix)),
        "",
        "Change against the training from nothing with the same seed, 95 % interval:",
        "",
        *_table(
            matrix, changed, lambda cell: shown_change(cell.change) if cell and cell.change and cell.error else "–"
        ),
        "",
        *(["What was taken:", "", *took, ""] if took else []),
        *(["Missing:", "", *notes] if notes else []),
    ]


def _table(matrix: Matrix, sources: list[str], text: Callable[[Cell | None], str]) -> list[str]:
    rows = [["target", *(f"from {source}" for source in sources)], ["---"] * (1 + len(sources))]
    rows += [[target, *(text(matrix.cells.get((target, s))) for s in sources)] for target in matrix.targets]
    return [table_row(*row) for row in rows]


def _flat(cell: Cell) -> dict[str, object]:
    change = cell.change
    return {
        "target": cell.target,
        "source": cell.source,
        "trainings": len(cell.error),
        "error": cell.mean.value,
        "low": cell.mean.interval.low,
        "high": cell.mean.interval.high,
        "change": change.value if change else np.nan,
        "change_low": change.interval.low if change else np.nan,
        "change_high": change.interval.high if change else np.nan,
        "took": cell.took,
        "note": cell.note,
    }


def _draw(matrix: Matrix, title: str, path: Path) -> None:
    """Draw the matrix, one row per target: error, interval, and change against random weights (the colour)."""
    columns, rows = len(matrix.sources), len(matrix.targets)
    values = np.full((rows, columns), np.nan)
    for i, target in enumerate(matrix.targets):
        for j, source in enumerate(matrix.sources):
            cell = matrix.cells.get((target, source))
            if cell is not None and cell.change is not None:
                values[i, j] = cell.change.value
    sign = 1 if matrix.metric.better == "lower" else -1
    with figure(2.4 + 1.9 * columns, 1.6 + 0.95 * rows) as (drawn, axes):
        axis = axes[0]
        image = axis.imshow(sign * values, cmap="RdBu_r", norm=Normalize(-_STRONGEST, _STRONGEST), aspect="auto")
        for i, target in enumerate(matrix.targets):
            for j, source in enumerate(matrix.sources):
                _write_cell(axis, j, i, matrix.cells.get((target, source)), matrix)
        axis.set_xticks(range(columns), [f"from {source}" for source in matrix.sources])
        axis.set_yticks(range(rows), matrix.targets)
        axis.tick_params(length=0)
        axis.grid(False)
        axis.set_title(f"{title}\n{matrix.metric.title}, 95 % intervals over trainings")
        bar = drawn.colorbar(image, ax=axis, fraction=0.04, pad=0.02, ticks=[-_STRONGEST, 0, _STRONGEST])
        bar.ax.set_yticklabels(["half", "as from\nnothing", "half more"], fontsize=7)
        with write_aside(path) as aside:
            save(drawn, aside)


def _write_cell(axis: Axes, x: int, y: int, cell: Cell | None, matrix: Matrix) -> None:
    if cell is None or not cell.error:
        state = "–" if cell is None else "not run" if cell.note.endswith("not run") else "failed"
        axis.text(x, y, state, ha="center", va="center", color=MUTED, fontsize=8)
        return
    strong = cell.change is not None and abs(cell.change.value) > 0.75 * _STRONGEST
    colour, digits, (low, high) = "white" if strong else INK, matrix.metric.digits, cell.mean.interval
    bold = "bold" if cell.verdict else "normal"
    axis.text(x, y - 0.2, f"{cell.mean.value:.{digits}f}", ha="center", va="center", color=colour, fontsize=10)
    if np.isfinite(low):
        span = f"{low:.{digits}f} to {high:.{digits}f}"
        axis.text(x, y + 0.08, span, ha="center", va="center", color=colour, fontsize=7)
    if cell.change is not None:
        text = shown_change(cell.change)
        axis.text(x, y + 0.32, text, ha="center", va="center", color=colour, fontsize=7, weight=bold)
