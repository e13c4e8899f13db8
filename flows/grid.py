"""`heelstrike grid`: run a named list of settings, and table what came of it. Each command imports what it needs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.terminal import ROOT, console, messages, only_problem
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.grid.run import Places
    from pipeline.params import ProblemParams

app = typer.Typer(no_args_is_help=True, help="Run and table a named list of settings, such as a published study's.")

Grid = Annotated[str, typer.Argument(help="A name from [bold]heelstrike grid list[/], or the path of a YAML file.")]
Problem = Annotated[str, typer.Option("--problem", "-p", help="Whose data; not needed when there is one.")]
Only = Annotated[str, typer.Option(help="Names of rows, separated by commas; default: all.")]


@app.command()
def run(
    grid: Grid,
    budget: Annotated[float, typer.Option(min=0.001, max=10, help="Share of the epochs and iterations.")] = 1.0,
    images: Annotated[int, typer.Option(min=0, help="Training images at most; 0 for all.")] = 0,
    only: Only = "",
    problem: Problem = "",
) -> None:
    """Train and judge every row that is not finished, each an MLflow run with its name. Interrupt it as you like.

    [bold]Examples[/]

    heelstrike grid run study

    heelstrike grid run study --budget 0.1 --only kp4,kp7

    heelstrike grid run my-grid.yaml --problem rearfoot
    """
    with messages(f"heelstrike grid run {grid}, with the same options"):
        with console.status("starting"):
            from flows.grid_display import GridDisplay
            from pipeline.grid.definition import load_definition
            from pipeline.grid.row import Scale
            from pipeline.grid.run import run_grid
        params, places = _places(problem, grid)
        with GridDisplay(console) as display:
            results = run_grid(load_definition(grid), params, places.layout, Scale(budget, images), only, display)
        failed = [name for name, result in results.items() if result["state"] == "failed"]
        console.print(
            f"{len(results) - len(failed)} of {len(results)} rows finished; next: heelstrike grid table {grid}"
        )
    if failed:
        raise typer.Exit(1)


@app.command()
def table(grid: Grid, problem: Problem = "") -> None:
    """Print the tables: published, ours, rank; write them as Markdown, CSV and a figure.

    [bold]Example[/]

    heelstrike grid table study
    """
    with messages():
        with console.status("reading results"):
            from flows.grid_display import print_tables
            from pipeline.grid.definition import load_definition
            from pipeline.grid.report import write_report
        _, places = _places(problem, grid)
        print_tables(write_report(load_definition(grid), places), console)


@app.command()
def cost(grid: Grid, problem: Problem = "", only: Only = "") -> None:
    """Measure parameters, FLOPs, CPU latency and throughput of every network of a grid.

    [bold]Example[/]

    heelstrike grid cost study
    """
    with messages():
        with console.status("starting"):
            from flows.grid_display import print_costs
            from pipeline.grid.cost import measure_costs, write_costs
            from pipeline.grid.definition import load_definition
            from pipeline.grid.rows import plan_rows
        params, places = _places(problem, grid)
        costs = measure_costs(plan_rows(load_definition(grid), params, only=only))
        written = write_costs(costs, places.reports)
        print_costs(costs, console)
        console.print(f"[green]✓[/] {written}", highlight=False)


@app.command("list")
def list_grids() -> None:
    """List the grids that come with Heelstrike.

    [bold]Example[/]

    heelstrike grid list
    """
    from rich.table import Table

    from pipeline.grid.definition import load_definition, shipped

    with messages():
        shown = Table("grid", "rows", "about", box=None)
        for name in shipped():
            one = load_definition(name)
            rows = sum(len(row.run_names) for row in one.rows)
            shown.add_row(f"[bold]{name}[/]", str(rows), one.title)
        console.print(shown)


def _places(problem: str, grid: str) -> "tuple[ProblemParams, Places]":
    """The problem's section and where the grid's files lie."""
    from pipeline.files import Layout
    from pipeline.grid.definition import load_definition
    from pipeline.grid.run import Places
    from pipeline.params import load_params

    params = load_params(ROOT / "params.yaml")
    name = problem or only_problem()
    if name not in params:
        raise UserError(f"params.yaml has no problem {name!r}; it has {', '.join(params)}")
    return params[name], Places(Layout(Path(ROOT), name), load_definition(grid).name)
