"""What the schedule of a checkout demands, and when it was met: small files below `.work/schedule`.

They do not depend on a Prefect server, so that a schedule that does not run is noticed even if the server is missing.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from heelstrike.errors import UserError, first_line
from heelstrike.files import write_json
from heelstrike.settings import Strict


class Demand(Strict):
    """A deployment with a schedule.

    Attributes:
        deployment: Its name, such as `weekly-rearfoot`.
        problem: The problem's name.
        cron: Its schedule as a cron expression.
        timezone: Name of the time zone of the expression.
        since: Time when it was deployed, UTC, ISO 8601.
    """

    deployment: str
    problem: str
    cron: str
    timezone: str
    since: datetime


class ScheduledRun(Strict):
    """The newest run of a deployment in this checkout that had something to do.

    Attributes:
        deployment: Its name.
        problem: The problem's name.
        started: Time of its start, UTC.
        ended: Time of its end, UTC; `None` if it has not ended.
        error: First line of what failed; empty if nothing did.
        interrupted: True if it was ended from outside.
        process: `HOST:PID`.
    """

    deployment: str
    problem: str
    started: datetime
    ended: datetime | None = None
    error: str = ""
    interrupted: bool = False
    process: str = ""


def write_demands(root: Path, demands: list[Demand]) -> None:
    """Record what was deployed from this checkout, in place of what was deployed before."""
    write_json(_folder(root) / "demands.json", [demand.model_dump(mode="json") for demand in demands])


def read_demands(root: Path) -> list[Demand] | None:
    """Return what was deployed from this checkout; `None` if nothing ever was.

    Raises:
        UserError: The record is damaged.
    """
    path = _folder(root) / "demands.json"
    try:
        return [Demand.model_validate(entry) for entry in json.loads(path.read_text())]
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: damaged ({first_line(str(error))}); `heelstrike deploy` writes it again") from None


def record_call(root: Path, deployment: str) -> None:
    """Record that the schedule has called a deployment, whether or not there is something to do."""
    write_json(_folder(root) / f"{deployment}.called.json", {"time": datetime.now(UTC).isoformat()})


def last_call(root: Path, deployment: str) -> datetime | None:
    """Return when the schedule called a deployment last; `None` if it never did, or its record is damaged."""
    try:
        return datetime.fromisoformat(json.loads((_folder(root) / f"{deployment}.called.json").read_text())["time"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def recorded(root: Path, deployment: str, problem: str) -> Iterator[None]:
    """Record start and end of a deployment's work."""
    path = _folder(root) / f"{deployment}.json"
    run = ScheduledRun(
        deployment=deployment,
        problem=problem,
        started=datetime.now(UTC),
        process=f"{socket.gethostname()}:{os.getpid()}",
    )
    write_json(path, run.model_dump(mode="json"))
    result: dict[str, object] = {}
    try:
        yield
    except BaseException as exception:
        text = first_line(str(exception)) or type(exception).__name__
        result = {"error": text, "interrupted": not isinstance(exception, Exception)}
        raise
    finally:
        write_json(path, run.model_copy(update={"ended": datetime.now(UTC), **result}).model_dump(mode="json"))


def last_run(root: Path, deployment: str) -> ScheduledRun | None:
    """Return the newest run of a deployment; `None` if there is none, or its record is damaged."""
    try:
        return ScheduledRun.model_validate_json((_folder(root) / f"{deployment}.json").read_text())
    except (OSError, ValueError):
        return None


def _folder(root: Path) -> Path:
    return root / ".work" / "schedule"
