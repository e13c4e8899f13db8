"""The flows of the deployments in prefect.yaml: a retrain by schedule or event, and one that new data starts."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from prefect import flow
from prefect.runtime import deployment
from prefect.states import Completed

import flows.retrain
from flows.checkout_lock import queue_place
from flows.lost_runs import end_lost_runs, tag_with_process
from flows.maintenance import Windows, parse_windows, wait_until_open
from flows.reporting import current_reporter
from flows.schedule_record import last_run, record_call, recorded
from flows.termination import survive_lost_output
from heelstrike.errors import UserError
from heelstrike.media import files_below
from heelstrike.stores import StoreUnreachableError
from pipeline.layout import REASON_SUFFIX, Layout

_DELAYS_S = (60, 300, 900)
"""Waits between the attempts if a store does not answer; any other failure would only repeat itself."""


@flow(name="retrain", flow_run_name="retrain-{problem}", on_running=[tag_with_process])
def retrain(
    problem: str,
    root: str = ".",
    hours: float = 12,
    attempts: int = 4,
    closed: tuple[str, ...] = (),
    timezone: str = "UTC",
    running: Literal["leave", "stop"] = "leave",
    share: bool = False,
) -> Any:
    """Retrain a problem for a deployment.

    At most one run of a problem works and one waits in a checkout; any further run ends at once as `Skipped`.

    Args:
        problem: The problem's name in params.yaml.
        root: The repository root.
        hours: Time limit, waiting for another retrain included, for a maintenance window not. What has been finished
            is kept, and the next run goes on from there.
        attempts: Number of attempts if a store does not answer.
        closed: Maintenance windows, such as `Mon-Fri 07:30-18:00`: a run that would start in one starts after it.
        timezone: Time zone of the windows.
        running: What a retrain does when a window begins: `leave` lets it end; `stop` ends its stage, and it goes on
            after the window.
        share: True if several machines retrain in turn (docs/scheduling.md).

    Returns:
        The release of `flows.retrain.retrain`, or the state `Skipped`.

    Raises:
        UserError: The retrain failed, the time limit is over, or a window is wrong.
    """
    windows = parse_windows(closed, timezone)
    work = Work(problem, Path(root).resolve(), hours, attempts, windows, running == "stop", share)
    return _run(work, lambda: True)


@flow(name="retrain", flow_run_name="new-data-{problem}", on_running=[tag_with_process])
def retrain_on_new_data(
    problem: str,
    root: str = ".",
    hours: float = 12,
    attempts: int = 4,
    closed: tuple[str, ...] = (),
    timezone: str = "UTC",
    running: Literal["leave", "stop"] = "leave",
    share: bool = False,
) -> Any:
    """Retrain a problem if its inbox has files that were not rejected before; otherwise end as `Skipped`.

    It goes on too if its last run was ended from outside, since an ingest may have emptied the inbox by then.

    Arguments, result and errors are those of `retrain`.
    """
    layout = Layout(Path(root).resolve(), problem)
    last = last_run(layout.root, deployment.get_name() or "")
    unfinished = last is not None and (last.interrupted or last.ended is None)
    work = Work(problem, layout.root, hours, attempts, parse_windows(closed, timezone), running == "stop", share)
    return _run(work, lambda: unfinished or has_new_files(layout.inbox))


def has_new_files(inbox: Path) -> bool:
    """Return True if the inbox has a file beside those that an ingest rejected and that have not changed since."""
    if not inbox.is_dir():
        return False
    for path in files_below(inbox):
        reason = path.with_name(path.name + REASON_SUFFIX)
        if path.name.endswith(REASON_SUFFIX):
            continue
        if not reason.is_file() or path.stat().st_mtime > reason.stat().st_mtime:
            return True
    return False


@dataclass(frozen=True)
class Work:
    """What a deployment asks for.

    Attributes:
        problem: The problem's name.
        root: The repository root.
        hours: Time limit.
        attempts: Number of attempts if a store does not answer.
        windows: Maintenance windows.
        stops: True if a retrain that runs when a window begins is stopped until its end.
        share: True if several machines retrain in turn.
    """

    problem: str
    root: Path
    hours: float
    attempts: int
    windows: Windows
    stops: bool
    share: bool = False


def _run(work: Work, anything_new: Callable[[], bool]) -> Any:
    say, name = current_reporter().say, deployment.get_name() or "by-hand"
    survive_lost_output()
    for line in end_lost_runs():
        say(line)
    record_call(work.root, name)
    if not anything_new():
        return Completed(name="Skipped", message="the inbox has no new files")
    with queue_place(work.root, work.problem) as place:
        if not place:
            return Completed(name="Skipped", message="another retrain of the problem is waiting already")
        try:
            wait_until_open(work.windows, say)
            with recorded(work.root, name, work.problem):
                return _between_windows(work, lambda: _attempts(work, say), say)
        except BaseException as error:
            end = "failed" if isinstance(error, Exception) else "was ended from outside"
            say(
                f"the run {end}; finished work is kept, and the next run goes on; by hand: heelstrike retrain "
                f"{work.problem}"
            )
            raise


def _between_windows(work: Work, call: Callable[[], Any], say: Callable[[str], None]) -> Any:
    """Return the result of a call that is stopped when a window begins, if it is to be, and made again after it."""
    left_s = work.hours * 3600
    while True:
        began, now = time.monotonic(), datetime.now(UTC)
        closing = work.windows.closes_at(now) if work.stops else None
        open_s = left_s if closing is None else min(left_s, (closing - now).total_seconds())
        try:
            with alarm(open_s):
                return call()
        except TimeOverError as error:
            if open_s == left_s:
                limit = f"{work.hours:g} hours (parameter `hours` in prefect.yaml)"
                raise UserError(f"not finished within the time limit of {limit}") from error
        left_s -= time.monotonic() - began
        say("a maintenance window has begun, so the running stage was ended; finished work is kept")
        wait_until_open(work.windows, say)


def _attempts(work: Work, say: Callable[[str], None]) -> Any:
    for delay in _DELAYS_S[: work.attempts - 1]:
        try:
            return flows.retrain.retrain.fn(work.problem, root=str(work.root), share=work.share)
        except StoreUnreachableError as error:
            say(f"{error}\ntrying again in {delay} s")
            time.sleep(delay)
    return flows.retrain.retrain.fn(work.problem, root=str(work.root), share=work.share)


class TimeOverError(BaseException):
    """The time is over. No code that goes on after an error, as when a store does not answer, takes it for one."""


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """End the block when the time is over; it must run in the main thread.

    Raises:
        TimeOverError: The time is over.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeOverError

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
