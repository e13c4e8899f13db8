"""`heelstrike schedule`: the state of the scheduled runs of this checkout."""

import typer

from flows.terminal import ROOT
from heelstrike.terminal import console, messages, problems
from heelstrike.text import done, printable

app = typer.Typer(no_args_is_help=True, help="See that scheduled runs of this checkout happen, and end lost ones.")


@app.command()
def check() -> None:
    """Exit with 1 and a line each if a scheduled run did not start, failed, or died; for cron or a monitor.

    Nothing has to run for this, neither a Prefect server nor a worker.

    [bold]Example[/]

    heelstrike schedule check || mail -s "no retrain" team@clinic.example
    """
    with messages():
        from flows.schedule_check import schedule_faults
        from flows.schedule_record import read_demands

        if read_demands(ROOT) is None:
            problems.print("Nothing was deployed from this checkout; `heelstrike deploy` does it.", soft_wrap=True)
            raise typer.Exit(1)
        faults = schedule_faults(ROOT)
    for line in faults:
        problems.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    console.print(done("Every scheduled run has happened."))


@app.command("end-lost")
def end_lost() -> None:
    """End flow runs that the Prefect server shows as running although their process is gone.

    Every retrain does this at its start.

    [bold]Example[/]

    heelstrike schedule end-lost
    """
    with messages():
        from flows.run import start_prefect

        lines = start_prefect()
    for line in lines:
        console.print(done(line), soft_wrap=True)
    if not lines:
        console.print("No run is lost.")


def print_schedule_faults() -> None:
    """Print what `check` would report, as warnings of a command that shows the state of a problem."""
    from flows.schedule_check import schedule_faults

    for line in schedule_faults(ROOT):
        problems.print(f"warning: {printable(line)}", markup=False, highlight=False, soft_wrap=True)
