"""The reviewer's commands: compare versions, why a stage would run, what went into a version."""

from pathlib import Path
from typing import Annotated

import typer

from flows.terminal import ROOT, checked_problem
from heelstrike.terminal import console, messages
from heelstrike.text import done, printable

app = typer.Typer()

_REFERENCE = "rearfoot/3, rearfoot@champion or the id of an MLflow run; 3 or champion with --problem."
OfProblem = Annotated[
    str, typer.Option("--problem", "-p", help="Problem of the versions; not needed if a version names it.")
]


@app.command()
def compare(
    old: Annotated[str, typer.Argument(metavar="A", help=f"The first version: {_REFERENCE}")],
    new: Annotated[str, typer.Argument(metavar="B", help="The second version.")],
    problem: OfProblem = "",
    out: Annotated[
        Path | None, typer.Option(help="The page to write; default: reports/PROBLEM/compare/....html.")
    ] = None,
) -> None:
    """Run two versions over the same test images, and write one page with everything in which they differ.

    A retrain makes this page by itself if there is a champion.

    [bold]Examples[/]

    heelstrike compare rearfoot@champion rearfoot@challenger

    heelstrike compare rearfoot/2 rearfoot/5 --out review.html
    """
    with messages():
        with console.status("starting"):
            from pipeline.layout import Layout
            from pipeline.params import load_params
            from pipeline.review import compare as comparing
            from pipeline.review.references import problem_of

        name = checked_problem(problem or problem_of(old, new))
        layout = Layout(ROOT, name)
        made = comparing.compare(layout, load_params(ROOT / "params.yaml")[name], old, new)
        path = out or comparing.comparison_file(layout, made)
        made.write(path)
        console.print(done(f"{made.new.reference} against {made.old.reference}: {path}"), soft_wrap=True)
        console.print(f"sha256:{made.digest}", highlight=False, soft_wrap=True)


@app.command()
def why(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[STAGE@PROBLEM]...", help="Stages, or problems; default: all.")
    ] = None,
) -> None:
    """Say which stages would run and why: which data, parameters, functions and packages have changed.

    What has changed is told apart from comments and docstrings, for which DVC runs a stage too.

    [bold]Examples[/]

    heelstrike why

    heelstrike why train@rearfoot
    """
    with messages():
        from pipeline.changes.packages import packages_since_lock
        from pipeline.changes.why import why as explain

        verdicts = explain(ROOT, names or [])
        lines = [line for verdict in verdicts for line in verdict.lines()]
        problems = dict.fromkeys(verdict.address.partition("@")[2] for verdict in verdicts)
        packages = dict.fromkeys(change for problem in problems for change in packages_since_lock(ROOT, problem))
        if packages:
            lines += [
                "environment: DVC looks at no packages; `dvc repro --force --single-item STAGE` runs a stage again",
                *(f"  {change}" for change in packages),
            ]
        console.print("\n".join(map(printable, lines)), highlight=False, markup=False, soft_wrap=True)


@app.command()
def lineage(
    what: Annotated[str, typer.Argument(help=f"A version ({_REFERENCE}), or a subject, video or batch.")],
    problem: OfProblem = "",
) -> None:
    """Say what went into a version; or which versions learned from a person, video or batch, or were tested on it.

    [bold]Examples[/]

    heelstrike lineage rearfoot/3

    heelstrike lineage subject_0007 --problem rearfoot

    heelstrike lineage 0002-8f31c2 --problem rearfoot
    """
    with messages():
        with console.status("starting"):
            from pipeline.layout import Layout
            from pipeline.review.lineage import lineage_lines
            from pipeline.review.references import problem_of

        name = checked_problem(problem or problem_of(what))
        lines = lineage_lines(Layout(ROOT, name), what)
        console.print("\n".join(map(printable, lines)), highlight=False, markup=False, soft_wrap=True)
