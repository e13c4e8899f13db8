"""The commands that keep a checkout and its stores in order over years."""

from pathlib import Path
from typing import Annotated

import typer

from flows.terminal import ROOT, checked_problem, resumable
from heelstrike.terminal import console, messages, problems
from heelstrike.text import done

app = typer.Typer()


@app.command()
def reproduce(
    version: Annotated[str, typer.Argument(help="A version of the registry: rearfoot/3 or rearfoot@champion.")],
    at: Annotated[
        str, typer.Option(help="Rebuild from this commit instead of the version's own, to see what it changes.")
    ] = "",
    attach: Annotated[bool, typer.Option("--attach", help="Attach the result to the version and its run.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the clone with all outputs.")] = False,
) -> None:
    """Rebuild a version from its commit and data in a scratch clone, and compare the packages file by file.

    It takes as long as a retrain from nothing. If a file differs, the first stage whose outputs differ is named, with
    its inputs that differ; the exit status is 1.

    [bold]Examples[/]

    heelstrike reproduce rearfoot/3

    heelstrike reproduce rearfoot/3 --at HEAD
    """
    with resumable(f"heelstrike reproduce {version}"):
        with console.status("starting"):
            from flows.reproduce import run_reproduce

        identical = run_reproduce(version, ROOT, console, at=at, attach=attach, keep=keep)
    if not identical:
        raise typer.Exit(1)


@app.command()
def monitor(
    problem: Annotated[str, typer.Argument(help="A problem of params.yaml; not needed if there is one.")] = "",
    records: Annotated[
        Path | None,
        typer.Option(help="Folder of the records, with a subfolder for each clinic; default: data/records/PROBLEM."),
    ] = None,
    window: Annotated[int, typer.Option(min=3, help="Number of videos or images of a window.")] = 5,
    reference: Annotated[
        Path | None,
        typer.Option(help="Folder of earlier records to compare with; default: the test people of the package."),
    ] = None,
    model: Annotated[str, typer.Option(help="NAME/VERSION whose records count; default: the champion.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="On drift, emit the event that starts a retrain (PREFECT_API_URL).")
    ] = False,
) -> None:
    """Compare what the champion sees at its consumers with its test people, and say what has drifted.

    Records come from `heelstrike predict --record FOLDER` and `heelstrike serve --record FOLDER`. Each is judged once,
    in a window with the next ones. The exit status is 3 if a new window drifted; without drift at most 1 % do.

    [bold]Examples[/]

    heelstrike monitor rearfoot --records /mnt/clinics/records

    heelstrike monitor rearfoot --records records/ --reference records-of-january/ --window 10

    heelstrike monitor rearfoot --records records/ --retrain --json
    """
    with messages():
        with console.status("starting"):
            from flows.monitor import run_monitor

        name = checked_problem(problem)
        drifted = run_monitor(
            name,
            ROOT,
            console,
            records or ROOT / "data" / "records" / name,
            window=window,
            reference=reference,
            model=model,
            as_json=as_json,
            retrain=retrain,
        )
    if drifted:
        raise typer.Exit(3)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder outside the checkout.")],
) -> None:
    """Save all stores as one: registry, git, DVC's objects, artifacts and inbox. A retrain may work meanwhile.

    Stores on servers are not included; they are listed.

    [bold]Example[/]

    heelstrike backup /mnt/backup/heelstrike-2026-11-28
    """
    with messages():
        with console.status("starting"):
            from flows.backup import back_up

        made = back_up(ROOT, folder)
        for store, size in sorted(made.bytes_by_store.items()):
            console.print(f"{size / 1e6:10.1f} MB  {store}", highlight=False)
        for line in made.not_included:
            problems.print(f"not included: {line}", markup=False, highlight=False, soft_wrap=True)
        console.print(done(f"saved in {made.folder}"), soft_wrap=True)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of the backup.")],
    into: Annotated[Path, typer.Option(help="A new or empty folder, which becomes the checkout.")] = Path(),
    database: Annotated[
        str,
        typer.Option(
            envvar="HEELSTRIKE_RESTORE_DATABASE",
            help="An empty PostgreSQL database for MLflow's dump: postgresql://USER:PASSWORD@HOST/DATABASE.",
        ),
    ] = "",
) -> None:
    """Verify a backup and make a checkout of it with all its stores.

    [bold]Examples[/]

    heelstrike restore /mnt/backup/heelstrike-2026-11-28 --into ~/heelstrike

    HEELSTRIKE_RESTORE_DATABASE=postgresql://me:secret@db/new heelstrike restore BACKUP --into ~/heelstrike
    """
    with messages():
        with console.status("starting"):
            from flows.restore import restore as restore_backup

        for line in restore_backup(folder, into, database):
            console.print(done(line), soft_wrap=True)
        console.print(f"next, in {into.resolve()}: python3 -m flows.setup", markup=False, soft_wrap=True)


@app.command()
def gc(
    yes: Annotated[bool, typer.Option("--yes", help="Remove what may go; without this, it is only listed.")] = False,
    newest: Annotated[int, typer.Option(min=1, help="Number of newest versions of each problem to keep.")] = 5,
) -> None:
    """List what takes how much, and what may go. With --yes it goes; nothing may work in the checkout meanwhile.

    Kept are champions and their predecessors, versions that trainings started from, the newest candidate, the newest
    versions, all raw data, and the outputs of every branch and tag.

    [bold]Examples[/]

    heelstrike gc

    heelstrike gc --yes --newest 3
    """
    with messages():
        with console.status("looking"):
            from flows.gc_display import run_gc

        run_gc(ROOT, console, newest=newest, remove_it=yes)


@app.command()
def forget(
    subject: Annotated[str, typer.Argument(help="The person, as annotations and data/PROBLEM/subjects.csv name them.")],
    problem: Annotated[str, typer.Option("--problem", "-p", help="The problem; not needed if there is one.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without this, it is only listed.")] = False,
    retrain: Annotated[bool, typer.Option("--retrain", help="After the removal, retrain without the person.")] = False,
) -> None:
    """List where the data of a person is; with --yes remove it, mark the versions, and leave a receipt.

    Removed are raw files, labels, outputs of stages, DVC's objects, pictures and tables of runs. The rest is listed.

    [bold]Examples[/]

    heelstrike forget anna

    heelstrike forget anna --yes --retrain
    """
    with messages():  # nothing has begun that could be continued
        problem = checked_problem(problem)
    with resumable(f"heelstrike forget {subject} --yes"):
        with console.status("looking"):
            from flows.forget.command import run_forget

        removed = run_forget(problem, subject, ROOT, console, remove=yes)
    if removed and not retrain:
        console.print(f"next: heelstrike retrain {problem}", markup=False)
    elif removed:
        with resumable(f"heelstrike retrain {problem}"):
            from flows.run import run_retrain

            run_retrain(problem, ROOT, console, wait=True)
