"""`heelstrike search`: this machine as a worker of searches that run elsewhere."""

import os
from typing import Annotated

import typer

from flows.terminal import ROOT, checked_problem
from heelstrike.errors import UserError
from heelstrike.terminal import console, messages
from heelstrike.text import plain

app = typer.Typer(no_args_is_help=True, help="Help a search on another machine.")


@app.callback()
def _search() -> None:
    """Keep `work` a command below `search`, although it is the only one."""


@app.command()
def work(
    problem: Annotated[str, typer.Argument(help="A problem of params.yaml; default: all.")] = "",
    study: Annotated[
        str,
        typer.Option(
            help="The study's database, postgresql://USER:PASSWORD@HOST/DATABASE.", envvar="HEELSTRIKE_STUDY_URL"
        ),
    ] = "",
    idle: Annotated[float, typer.Option(min=0, help="Seconds without a trial after which to end; 0: never.")] = 0,
) -> None:
    """Run trials of searches on other machines that were started with HEELSTRIKE_EXECUTOR=study, one at a time.

    The checkout must have the search's code, packages and prepared arrays (`git pull`, `dvc pull`). Start the command
    once for each core or GPU, as often and on as many machines as there are. It may be killed at any time.

    [bold]Examples[/]

    heelstrike search work rearfoot --study postgresql://heelstrike:PASSWORD@db.example/optuna

    HEELSTRIKE_STUDY_URL=postgresql://... heelstrike search work --idle 600
    """
    with messages():
        from pipeline.layout import Layout
        from pipeline.params import load_params
        from pipeline.search.bare_worker import work as work_for_others

        if not study:
            raise UserError("search work: no study; give --study, or set HEELSTRIKE_STUDY_URL (docs/scale.md)")
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when torch is imported
        names = [checked_problem(problem)] if problem else list(load_params(ROOT / "params.yaml"))
        console.print("waiting for trials; Ctrl+C ends this worker, and its trial goes to another", highlight=False)
        layouts = [Layout(ROOT, name) for name in names]
        work_for_others(study, layouts, lambda line: console.print(plain(line)), idle or None)
