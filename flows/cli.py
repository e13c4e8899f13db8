"""The operator's commands, which join those of heelstrike/cli.py in a checkout.

Each command imports what it needs when it runs, so that `--help` is quick.
"""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

import pipeline.quiet  # noqa: F401 - first: telemetry is turned off before anything else is imported
from flows.cli_first import app as first_app
from flows.cli_operations import app as operations_app
from flows.cli_review import app as review_app
from flows.grid import app as grid_app
from flows.schedule import app as schedule_app
from flows.schedule import print_schedule_faults
from flows.search import app as search_app
from flows.terminal import ROOT, checked_problem, resumable
from heelstrike.terminal import console, messages
from heelstrike.text import done, printable

app = typer.Typer()
for part in (first_app, review_app, operations_app):
    app.registered_commands += part.registered_commands
app.add_typer(grid_app, name="grid")
app.add_typer(search_app, name="search")
app.add_typer(schedule_app, name="schedule")

Problem = Annotated[str, typer.Argument(help="A name from [bold]problems[/] in params.yaml, for instance rearfoot.")]


Wait = Annotated[bool, typer.Option(help="Wait while another command works on the problem in this checkout.")]


@app.command()
def retrain(
    problem: Annotated[str, typer.Argument(help="A problem of params.yaml; not needed if there is one.")] = "",
    wait: Wait = True,
) -> None:
    """Version new data, run the stages whose inputs changed, register the result, and promote it if it is better.

    [bold]Examples[/]

    heelstrike retrain rearfoot

    heelstrike retrain rearfoot --no-wait
    """
    with messages():  # nothing has begun that could be continued
        problem = checked_problem(problem)
    with resumable(f"heelstrike retrain {problem}"):
        from flows.run import run_retrain

        run_retrain(problem, ROOT, console, wait=wait)


@app.command()
def ingest(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the new files; default: data/inbox/PROBLEM.")] = None,
    problem: Annotated[
        str, typer.Option("--problem", "-p", help="Problem of the files; not needed if there is one.")
    ] = "",
    wait: Wait = True,
) -> None:
    """Check new videos and labels, add them to DVC, commit and tag them in git, and push them to the DVC remote.

    A file with errors stays where it is; NAME.reason.txt beside it gives the reason. A file that was changed in the
    last seconds is waited for once, and stays if it is still being written.

    [bold]Examples[/]

    heelstrike ingest

    heelstrike ingest ~/clinic-week-12 --problem rearfoot
    """
    with messages():  # nothing has begun that could be continued
        problem = checked_problem(problem)
    with resumable(shlex.join(["heelstrike", *sys.argv[1:]])):
        from flows.run import run_ingest

        any_rejected = run_ingest(problem, folder, ROOT, console, wait=wait)
    if any_rejected:
        raise typer.Exit(1)


@app.command("init-from")
def init_from(
    problem: Problem,
    model: Annotated[str, typer.Argument(help="NAME@champion, NAME (the same) or NAME/VERSION.")],
) -> None:
    """Fetch a registered version's weights to start a problem's training from, and print the line for params.yaml.

    [bold]Examples[/]

    heelstrike init-from chest hand@champion

    heelstrike init-from chest hand/4
    """
    with messages():
        with console.status("starting"):
            from flows.init_from import run_init_from

        run_init_from(problem, model, ROOT, console)


@app.command()
def crossval(
    problem: Problem,
    folds: Annotated[int, typer.Option(min=3, help="Number of folds of the subjects.")] = 5,
    leave_one_subject_out: Annotated[
        bool, typer.Option("--leave-one-subject-out", help="Make one fold of each subject instead.")
    ] = False,
    with_test: Annotated[
        bool, typer.Option("--with-test", help="Deal the subjects of the test split into the folds too.")
    ] = False,
) -> None:
    """Cross-validate the settings of params.yaml, for data sets whose test split is too small to be conclusive.

    Every subject of train and val is evaluated by a network that was not trained on it. The test split is not used,
    except with --with-test: then every image is judged, but settings chosen by the result have no test any more.
    After an interruption the same command continues.

    [bold]Examples[/]

    heelstrike crossval hand

    heelstrike crossval hand --leave-one-subject-out --with-test
    """
    with messages():  # nothing has begun that could be continued
        problem = checked_problem(problem)
    with resumable(shlex.join(["heelstrike", *sys.argv[1:]])):
        with console.status("starting"):
            from flows.crossval import run_crossval
            from pipeline.splits import SPLITS, TRAINED_ON

        splits = SPLITS if with_test else TRAINED_ON
        run_crossval(problem, 0 if leave_one_subject_out else folds, splits, ROOT, console)


@app.command()
def history(problem: Problem) -> None:
    """List all candidates with what happened to them (promoted, refused, approved, rolled back, ...) and why.

    [bold]Example[/]

    heelstrike history rearfoot
    """
    with messages():
        from pipeline.registry.history import history as history_of

        lines = [event.line() for event in history_of(ROOT, problem)]
        text = "\n".join(map(printable, lines)) or f"{problem} has no history yet."
        console.print(text, highlight=False, markup=False, soft_wrap=True)
        print_schedule_faults()


@app.command()
def deploy() -> None:
    """Make the deployments of prefect.yaml on the Prefect server, for every problem of params.yaml.

    [bold]Example[/]

    PREFECT_API_URL=http://127.0.0.1:4200/api heelstrike deploy
    """
    with messages():
        from flows.deployments import deploy as deploy_all
        from flows.prefect_server import check_prefect_server, require_prefect_server

        require_prefect_server()
        check_prefect_server()
        with console.status("deploying"):
            names = deploy_all(ROOT)
        console.print(done(f"deployed {', '.join(names)}"), soft_wrap=True)
        console.print("next, in this checkout: prefect worker start --pool heelstrike")


@app.command()
def rollback(problem: Problem) -> None:
    """Make the previous champion the champion again.

    [bold]Example[/]

    heelstrike rollback rearfoot
    """
    with messages():
        from pipeline.registry.rollback import rollback as roll_back

        console.print(done(roll_back(problem, ROOT)))


Candidate = Annotated[str, typer.Argument(metavar="VERSION", help="NAME/NUMBER, for instance rearfoot/3.")]


@app.command()
def approvals(
    problem: Annotated[str, typer.Argument(help="A problem of params.yaml; default: all of them.")] = "",
) -> None:
    """List the candidates that passed every gate and wait for people to approve them.

    [bold]Example[/]

    heelstrike approvals
    """
    with messages():
        from flows.approval import run_approvals

        run_approvals(problem, ROOT, console)


@app.command()
def approve(
    version: Candidate,
    why: Annotated[str, typer.Option(help="What is to be remembered with the approval.")] = "",
) -> None:
    """Approve a candidate that waits; with the last approval needed it becomes the champion.

    A decision about another champion or test split than today's is refused, and the candidate is judged afresh.

    [bold]Examples[/]

    heelstrike approve rearfoot/3

    heelstrike approve rearfoot/3 --why "looked at all frames of the slice footwear=shoe"
    """
    with messages():
        from flows.approval import run_approve

        run_approve(version, why, ROOT, console)


@app.command()
def reject(
    version: Candidate,
    why: Annotated[str, typer.Option(help="The reason, which is stored with the version.")],
) -> None:
    """Reject a candidate that waits. It will not be promoted; a new candidate can be.

    [bold]Example[/]

    heelstrike reject rearfoot/3 --why "ankle markers of small feet are off"
    """
    with messages():
        from flows.approval import run_reject

        run_reject(version, why, ROOT, console)


@app.command()
def dossier(
    version: Candidate,
    out: Annotated[Path | None, typer.Option(help="HTML file to write; default: NAME-NUMBER.dossier.html.")] = None,
) -> None:
    """Write one self-contained document about a version, for those who must sign.

    Purpose and limits, data, results with intervals, slices, known failures, comparison, approvals, monitoring plan,
    settings, digests, and the environment as a software bill of materials (CycloneDX).

    [bold]Example[/]

    heelstrike dossier rearfoot/3
    """
    with messages():
        from flows.approval import run_dossier

        run_dossier(version, out, ROOT, console)


@app.command()
def params(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a problem's section.")] = False,
    file: Annotated[Path, typer.Option(help="The file to check.")] = Path("params.yaml"),
) -> None:
    """Check params.yaml and print all settings, including defaults.

    [bold]Examples[/]

    heelstrike params

    heelstrike params --schema > params.schema.json
    """
    import yaml

    from pipeline.params import load_params, params_schema

    if schema:
        sys.stdout.write(json.dumps(params_schema(), indent=2) + "\n")
        return
    with messages():
        sections = load_params(file)
    settings = {name: section.model_dump(mode="json", by_alias=True) for name, section in sections.items()}
    sys.stdout.write(yaml.safe_dump({"problems": list(sections), **settings}, sort_keys=False, width=120))
