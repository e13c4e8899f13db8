"""`heelstrike monitor`: compares consumers' records with the champion's reference, and may start a retrain."""

import asyncio
import json
from pathlib import Path

from rich.console import Console

import pipeline.quiet  # noqa: F401 - first: telemetry is turned off before anything else is imported
from heelstrike.errors import UserError, first_line
from heelstrike.monitor.folder import folders_of_records, read_records
from heelstrike.monitor.reference import read_reference
from heelstrike.monitor.wire import InputRecord
from heelstrike.registry.pull import Pulled, resolve
from heelstrike.registry.versions import CHAMPION
from heelstrike.terminal import problems
from heelstrike.text import printable
from pipeline.layout import Layout
from pipeline.monitor.compare import LEVEL, Comparer
from pipeline.monitor.windows import Judged, Window, judge, remembered

EVENT = "heelstrike.drift"
"""Name of the event that starts a retrain (prefect.yaml)."""
SMALLEST = 20
"""Records that a reference needs: with fewer, no window of five is strange enough to be told from chance."""


def run_monitor(
    problem: str,
    root: Path,
    console: Console,
    records: Path,
    *,
    window: int,
    reference: Path | None = None,
    model: str = "",
    as_json: bool = False,
    retrain: bool = False,
) -> bool:
    """Judge the windows of records that are new, print what drifted, and start a retrain if that is asked for.

    Args:
        problem: The problem.
        root: The repository root.
        console: Where to print.
        records: Folder of the records.
        window: Number of records of a window.
        reference: Folder of records to compare with instead of the package's reference; `None` for the reference.
        model: The version whose records count; by default the champion.
        as_json: True to print JSON.
        retrain: True to emit the event that starts a retrain if something has drifted.

    Returns:
        True if a window drifted.

    Raises:
        UserError: There are no records or no reference, or the registry or the Prefect server does not answer.
    """
    if retrain:
        _check_server()
    pulled = resolve(model or f"{problem}@{CHAMPION}", root)
    before = _reference(pulled, reference)
    layout = Layout(root.resolve(), problem)
    with remembered(layout.work("monitor") / f"{pulled.package}.json") as memory:
        found = judge(records, pulled.package, window, Comparer(before), memory)
        if as_json:
            console.print_json(json.dumps(_to_json(pulled, found, window, len(before))))
        else:
            _print(console, pulled, found, window, len(before))
        if found.drifted and retrain:
            emit_drift(problem, pulled.reference, found.drifted)
            problems.print(
                f"emitted {EVENT} for {problem}: its deployment retrain/weekly-{problem} starts", highlight=False
            )
        memory.add(found.windows)
    return bool(found.drifted)


def _reference(pulled: Pulled, folder: Path | None) -> list[InputRecord]:
    if folder is None:
        found, name = list(read_reference(pulled.folder).records), f"the reference of {pulled.reference}"
    else:
        every = [record for one in folders_of_records(folder) for record in read_records(one).items]
        found, name = [record for record in every if record.model.digest == pulled.package], str(folder)
    if len(found) < SMALLEST:
        raise UserError(
            f"{name}: {len(found)} records of {pulled.reference}, at least {SMALLEST} are needed to tell a window from "
            "chance; label more test people, or give --reference FOLDER with records from a time when all was well"
        )
    return found


def _print(console: Console, pulled: Pulled, found: Judged, size: int, people: int) -> None:
    for sentence in found.damaged:
        problems.print(f"left out: {printable(sentence)}", markup=False, highlight=False, soft_wrap=True)
    if found.others:
        problems.print(f"left out: {found.others} records of other versions than {pulled.reference}", soft_wrap=True)
    for window in found.drifted:
        source = "" if window.source == "." else f"{window.source}, "
        console.print(
            f"drift: {source}{_minute(window.first)} to {_minute(window.last)} UTC, {size} inputs",
            style="yellow",
            highlight=False,
        )
        for drift in window.verdict.drifts:
            console.print(f"  {printable(drift.sentence())}", markup=False, highlight=False, soft_wrap=True)
    waiting = sum(found.waiting.values())
    console.print(
        f"{pulled.reference}: {len(found.drifted)} of {len(found.windows)} new windows of {size} drifted from the "
        f"{people} records of the reference; {waiting} records wait for their window to fill. Without drift at most "
        f"{LEVEL:.0%} of windows are reported.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _to_json(pulled: Pulled, found: Judged, size: int, people: int) -> dict[str, object]:
    return {
        "model": pulled.reference,
        "package": pulled.package,
        "reference_records": people,
        "window": size,
        "level": LEVEL,
        "drifted": bool(found.drifted),
        "windows": [window.to_json() for window in found.windows],
        "waiting": found.waiting,
        "records_of_other_versions": found.others,
        "damaged": list(found.damaged),
    }


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _check_server() -> None:
    from prefect.settings import get_current_settings

    if not get_current_settings().api.url:
        raise UserError("--retrain needs a Prefect server that the deployments are on: set PREFECT_API_URL")


def emit_drift(problem: str, reference: str, windows: tuple[Window, ...]) -> None:
    """Emit the event of a drift to the Prefect server, and wait until the server has it.

    Args:
        problem: The problem.
        reference: The version whose inputs drifted.
        windows: The windows that drifted.

    Raises:
        UserError: The server does not take it; nothing was remembered, so the next call tells of the drift again.
    """
    from prefect.events import Event, Resource
    from prefect.events.clients import get_events_client

    names = sorted({drift.name for window in windows for drift in window.verdict.drifts})
    event = Event(
        event=EVENT,
        resource=Resource({"prefect.resource.id": f"heelstrike.problem.{problem}"}),
        payload={"model": reference, "windows": len(windows), "drifted": names},
    )

    async def emit() -> None:
        async with get_events_client(checkpoint_every=1) as client:
            await client.emit(event)

    try:
        asyncio.run(emit())
    except Exception as error:  # whatever a web socket raises
        raise UserError(f"the Prefect server does not take the event: {first_line(str(error))}") from error
