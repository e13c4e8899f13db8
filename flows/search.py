"""`heelstrike search`: runs and continues a search, prints what it could begin with, and works for others.

Each command imports what it needs when it runs, so that `--help` is quick.
"""

import os
import shlex
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flows.terminal import ROOT, checked_problem, resumable
from heelstrike.errors import UserError
from heelstrike.terminal import console, messages
from heelstrike.text import plain


class _RunByDefault(TyperGroup):
    """`heelstrike search rearfoot` means `heelstrike search run rearfoot`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before a first word that is no command."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="Search settings: `heelstrike search PROBLEM` runs the search, other machines help by `work`.",
)

Problem = Annotated[str, typer.Argument(help="A problem of params.yaml; not needed if there is one.")]


@app.command()
def run(
    problem: Problem = "",
    trials: Annotated[
        int, typer.Option(min=0, help="Number of trials in all; it is written into params.yaml. 0: as it is there.")
    ] = 0,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Refuse to begin a new study: the trials that there are stay.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="Wait while another command works on the problem in this checkout.")
    ] = True,
) -> None:
    """Run the stages up to the search, or go on with a search that was interrupted or has ended.

    A study with more trials than before keeps those that it has. Other settings, code, packages or data begin another.
    `heelstrike retrain` trains what was found.

    [bold]Examples[/]

    heelstrike search rearfoot

    heelstrike search rearfoot --continue --trials 50
    """
    with messages():  # nothing has begun that could be continued
        problem = checked_problem(problem)
    with resumable(shlex.join(["heelstrike", *sys.argv[1:]])):
        from flows.search_run import run_search

        run_search(problem, ROOT, console, trials=trials, go_on=go_on, wait=wait)


@app.command("warm-start")
def warm_start(problem: Problem = "") -> None:
    """Print the settings of the champion and of the best earlier trials as `search.first` for params.yaml.

    They come from the registry, from the studies in MLflow and from the last one in this checkout.

    [bold]Example[/]

    heelstrike search warm-start rearfoot
    """
    with messages():
        problem = checked_problem(problem)
        with console.status("reading earlier studies"):
            from flows.search_run import warm_start_lines

            lines = warm_start_lines(problem, ROOT)
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)


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
