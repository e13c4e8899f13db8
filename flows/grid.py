"""`heelstrike grid`: run a named list of settings and make tables of the results.

Each command imports what it needs when it runs, so that `--help` is quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.terminal import ROOT, only_problem
from heelstrike.errors import UserError
from heelstrike.terminal import console, messages
from heelstrike.text import done, plain

if TYPE_CHECKING:
    from pipeline.grid.definition import Definition
    from pipeline.grid.parts import Part
    from pipeline.layout import Layout
    from pipeline.params import ProblemParams

app = typer.Typer(
    no_args_is_help=True,
    help="Run a named list of settings, such as a published study's, and table its results.",
)

Grid = Annotated[str, typer.Argument(help="A name from [bold]heelstrike grid list[/], or the path of a YAML file.")]
Problem = Annotated[
    str,
    typer.Option(
        "--problem", "-p", help="Problem whose data is used; not needed if there is one. In transfer: the only target."
    ),
]
Only = Annotated[str, typer.Option(help="Names of rows, separated by commas; default: all.")]


@app.command()
def run(
    grid: Grid,
    budget: Annotated[float, typer.Option(min=0.001, max=10, help="Factor of all epochs and iterations.")] = 1.0,
    images: Annotated[int, typer.Option(min=0, help="Largest number of training images; 0 for all.")] = 0,
    epochs: Annotated[
        int, typer.Option(min=0, help="Epochs of every row, instead of a share of its own; 0: by the budget.")
    ] = 0,
    only: Only = "",
    problem: Problem = "",
) -> None:
    """Train and evaluate every unfinished row as an MLflow run of its name. After an interruption, run it again.

    [bold]Examples[/]

    heelstrike grid run study

    heelstrike grid run study --budget 0.1 --only kp4,kp7

    heelstrike grid run study --epochs 20 --images 80 --only kp4,kp9

    heelstrike grid run my-grid.yaml --problem rearfoot

    heelstrike grid run transfer
    """
    with messages():  # nothing has begun that could be continued
        from pipeline.grid.definition import load_definition

        if epochs and budget != 1:
            raise UserError(f"--epochs {epochs} and --budget {budget:g} both set the length of a row; give one of them")
        parts = _parts(load_definition(grid), problem, only)
    with messages(f"heelstrike grid run {grid}, with the same options"):
        with console.status("starting"):
            from flows.grid_display import grid_display_for
            from pipeline.grid.row import Scale
            from pipeline.grid.run import run_grid
        results: dict[str, dict[str, Any]] = {}
        with grid_display_for(console) as display:
            for part, params, layout in parts:
                results |= run_grid(part.definition, params, layout, Scale(budget, images, epochs), part.only, display)
        failed = [name for name, result in results.items() if result["state"] == "failed"]
        console.print(
            f"{len(results) - len(failed)} of {len(results)} rows finished; next: heelstrike grid table {grid}",
            markup=False,
            soft_wrap=True,  # a command that is broken over two lines cannot be copied
        )
    if failed:
        raise typer.Exit(1)


@app.command()
def table(grid: Grid, problem: Problem = "") -> None:
    """Print the tables (published values, our values, ranks) and write them as Markdown, CSV and a figure.

    [bold]Example[/]

    heelstrike grid table study
    """
    with messages():
        with console.status("reading results"):
            from flows.grid_display import print_matrix, print_tables
            from pipeline.grid.definition import load_definition
            from pipeline.grid.matrix import read_matrix
            from pipeline.grid.matrix_render import write_matrix
            from pipeline.grid.report import write_report
            from pipeline.grid.run import Places
        definition = load_definition(grid)
        parts = _parts(definition, problem)
        for part, _, layout in parts:
            report = write_report(part.definition, Places(layout, definition.name))
            if definition.transfer is None:
                print_tables(report, console)
        if definition.transfer is not None:
            matrix = read_matrix(definition, [part for part, _, _ in parts], ROOT)
            print_matrix(matrix, write_matrix(matrix, definition.title, _folder(definition, parts)), console)


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
        definition = load_definition(grid)
        parts = _parts(definition, problem, only)
        rows = [row for part, params, _ in parts for row in plan_rows(part.definition, params, only=part.only)]
        costs = measure_costs(rows)
        written = write_costs(costs, _folder(definition, parts))
        print_costs(costs, console)
        console.print(done(written), soft_wrap=True)


@app.command("list")
def list_grids() -> None:
    """List the grids that come with Heelstrike.

    [bold]Example[/]

    heelstrike grid list
    """
    from rich.table import Table

    from pipeline.grid.definition import load_definition, shipped

    with messages():
        table = Table("grid", "rows", "about", box=None)
        for name in shipped():
            definition = load_definition(name)
            rows = sum(len(row.run_names) for row in definition.rows)
            table.add_row(plain(name, "bold"), str(rows or "pairs"), plain(definition.title))
        console.print(table)


def _parts(definition: "Definition", problem: str, only: str = "") -> "list[tuple[Part, ProblemParams, Layout]]":
    """Return the parts of a grid with their problems: one for each target of a transfer, one part of other grids."""
    from pipeline.grid.parts import Part
    from pipeline.grid.parts import parts as parts_of_transfer
    from pipeline.layout import Layout
    from pipeline.params import load_params, problem_in

    params = load_params(ROOT / "params.yaml")
    if definition.transfer is not None:
        parts = parts_of_transfer(definition, params, only, problem)
    else:
        parts = [Part(problem or only_problem(), definition, only)]
    problem_in(params, parts[0].problem)
    return [(part, params[part.problem], Layout(Path(ROOT), part.problem)) for part in parts]


def _folder(definition: "Definition", parts: "list[tuple[Part, ProblemParams, Layout]]") -> Path:
    """Return the folder for files about the whole grid."""
    from pipeline.grid.run import Places, folder_of_all

    if definition.transfer is not None:
        return folder_of_all(Path(ROOT), definition.name)
    return Places(parts[0][2], definition.name).reports
