"""The dead man's switch: which scheduled runs of this checkout did not start, failed, or died."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
from cronsim import CronSim

from flows.schedule_record import Demand, ScheduledRun, last_call, last_run, read_demands

GRACE = timedelta(hours=1)
"""A run may start this much late, as when a worker is busy or restarts."""

_ADVICE = "see that `prefect server start` and `prefect worker start --pool heelstrike` run (docs/scheduling.md)"


def schedule_faults(root: Path, now: datetime | None = None) -> list[str]:
    """Return a line about each deployment that did not run when it was due, or whose newest run failed or died.

    Args:
        root: Root of the checkout from which `heelstrike deploy` was run.
        now: The time of the check, with a time zone; by default the present time.

    Returns:
        No line if everything is as it should be, or nothing was ever deployed.
    """
    now = now or datetime.now(UTC)
    return [line for demand in read_demands(root) or [] if (line := _fault(root, demand, now))]


def _fault(root: Path, demand: Demand, now: datetime) -> str:
    called, due = last_call(root, demand.deployment), due_before(demand, now - GRACE)
    if due is not None and (called is None or called < due - timedelta(minutes=1)):
        last = f"it ran last {_time(called)}" if called else "it has never run"
        return f"{demand.deployment} was due {_time(due)} and did not run; {last}; {_ADVICE}"
    run = last_run(root, demand.deployment)
    if run is not None and run.ended is None and not _is_alive(run):
        return (
            f"{demand.deployment} began {_time(run.started)} and its process is gone; the next run goes on from there"
        )
    if run is not None and run.error:
        return f"{demand.deployment} failed {_time(run.ended or run.started)}: {run.error}"
    return ""


def due_before(demand: Demand, time: datetime) -> datetime | None:
    """Return the newest time before `time` at which a deployment was due; `None` if it was not deployed then."""
    due = next(CronSim(demand.cron, time.astimezone(ZoneInfo(demand.timezone)), reverse=True)).astimezone(UTC)
    return due if due > demand.since else None


def _is_alive(run: ScheduledRun) -> bool:
    """Return True if the run's process exists, or is on another machine."""
    host, _, pid = run.process.rpartition(":")
    if host != socket.gethostname():
        return True
    return psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).create_time() <= run.started.timestamp() + 60


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
