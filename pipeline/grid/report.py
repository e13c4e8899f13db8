"""The report of a grid's results: tables, figure and comparisons."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from heelstrike.files import write_aside
from pipeline.grid import verdict
from pipeline.grid.compare import Compared, compare
from pipeline.grid.definition import Comparison, Definition
from pipeline.grid.render import draw, write_csv, write_markdown
from pipeline.grid.row import read_result
from pipeline.grid.run import Places
from pipeline.grid.tables import Filled, fill_tables


@dataclass(frozen=True)
class Report:
    """The results of a grid, and the paths of the written files."""

    tables: list[Filled]
    results: dict[str, dict[str, Any]]
    paragraphs: list[str]
    files: list[Path]


def write_report(definition: Definition, places: Places) -> Report:
    """Write tables.md, tables.csv and tables.png, and with a comparison SLICE.md and SLICE.png.

    Rows that have not been run are listed as missing.
    """
    names = [name for row in definition.rows for name in row.run_names]
    read = {name: read_result(places.result(name)) for name in names}
    results = {name: result for name, result in read.items() if result is not None}
    filled = fill_tables(definition, results, lambda name: _test_images(places.trained(name) / "per_image.parquet"))
    markdown, csv, figure = (places.reports / f"tables.{suffix}" for suffix in ("md", "csv", "png"))
    write_markdown(definition, filled, results, markdown)
    write_csv(filled, csv)
    files = [markdown, csv, *([figure] if draw(filled, figure) else [])]
    text: list[str] = []
    if definition.compare is not None:
        text, written = _write_comparison(definition, definition.compare, results, places)
        files += written
    return Report(filled, results, text, files)


def _test_images(path: Path) -> pd.DataFrame | None:
    return pd.read_parquet(path) if path.is_file() else None


def _write_comparison(
    definition: Definition, comparison: Comparison, results: dict[str, dict[str, Any]], places: Places
) -> tuple[list[str], list[Path]]:
    runs = {row.name: list(row.run_names) for row in definition.rows}
    finished = {name for name, result in results.items() if result["state"] == "finished"}
    lines, text, pairs = [f"# {definition.title}", ""], list[str](), list[Compared]()
    for pair in comparison.pairs:
        missing = [name for row in pair for name in runs[row] if name not in finished]
        if missing:
            paragraphs = [f"`{pair[0]}` and `{pair[1]}` are not compared: {', '.join(missing)} not finished."]
        else:
            tables = tuple([places.trained(name) / "per_image.parquet" for name in runs[row]] for row in pair)
            pairs.append(compare(comparison, pair, (tables[0], tables[1])))
            paragraphs = verdict.paragraphs(comparison, pairs[-1])
            lines += [*verdict.table(comparison, pairs[-1]), ""]
        text += paragraphs
        lines += [line for paragraph in paragraphs for line in (paragraph, "")]
    target, figure = (places.reports / f"{comparison.slice}.{suffix}" for suffix in ("md", "png"))
    with write_aside(target) as aside:
        aside.write_text("\n".join(lines))
    if pairs:
        verdict.draw(comparison, pairs, figure)
    return text, [target, *([figure] if pairs else [])]
