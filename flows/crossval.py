"""`heelstrike crossval`: trains and evaluates the folds with a live display, then prints a table."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.grid_display import grid_display_for
from heelstrike.text import done, plain
from pipeline.crossval.report import headlines, span, write_report
from pipeline.crossval.run import Places, cross_validate, name_of
from pipeline.layout import Layout
from pipeline.params import load_params, problem_in
from pipeline.splits import Split


def run_crossval(problem: str, folds: int, splits: tuple[Split, ...], root: Path, console: Console) -> None:
    """Cross-validate and print the pooled numbers.

    Args:
        problem: The problem's name.
        folds: Number of folds; 0 makes one of each subject.
        splits: The splits whose subjects are dealt into the folds.
        root: The repository root.
        console: Console for the display and the table.

    Raises:
        UserError: There is no such problem, or `pipeline.crossval.run.cross_validate` cannot cross-validate it.
    """
    params = problem_in(load_params(root / "params.yaml"), problem)
    layout = Layout(root, problem)
    with grid_display_for(console) as display:
        validated = cross_validate(params, layout, folds, display, splits)
    pooled = validated.pooled.metrics
    table = Table("metric", "all folds, 95 % interval over subjects", header_style="bold", box=None, padding=(0, 1))
    for group, name in headlines(pooled):
        table.add_row(plain(f"{group}.{name}"), span(pooled[group], name))
    console.print(table)
    for path in write_report(validated, Places(layout, name_of(folds, splits))):
        console.print(done(path), soft_wrap=True)
