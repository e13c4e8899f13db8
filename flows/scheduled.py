"""The flows of the deployments in prefect.yaml: a retrain by schedule or event, and one that new data starts."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from prefect import flow
from prefect.runtime import deployment
from prefect.states import Completed

import flows.retrain
from flows.checkout_lock import queue_place
from flows.lost_runs import end_lost_runs, tag_with_process
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
def retrain(problem: str, root: str = ".", hours: float = 12, attempts: int = 4, share: bool = False) -> Any:
    """Retrain a problem for a deployment.

    At most one run of a problem works and one waits in a checkout; any further run ends at once as `Skipped`.

    Args:
        problem: The problem's name in params.yaml.
        root: The repository root.
        hours: Time limit, waiting included. What has been finished is kept, and the next run goes on from there.
        attempts: Number of attempts if a store does not answer.
        share: True if several machines retrain in turn (docs/scheduling.md).

    Returns:
        The release of `flows.retrain.retrain`, or the state `Skipped`.

    Raises:
        UserError: The retrain failed, or the time limit is over.
    """
    return _run(problem, Path(root).resolve(), hours, attempts, share, lambda: True)


@flow(name="retrain", flow_run_name="new-data-{problem}", on_running=[tag_with_process])
def retrain_on_new_data(
    problem: str, root: str = ".", hours: float = 12, attempts: int = 4, share: bool = False
) -> Any:
    """Retrain a problem if its inbox has files that were not rejected before; otherwise end as `Skipped`.

    It goes on too if its last run was ended from outside, since an ingest may have emptied the inbox by then.

    Arguments, result and errors are those of `retrain`.
    """
    layout = Layout(Path(root).resolve(), problem)
    last = last_run(layout.root, deployment.get_name() or "")
    unfinished = last is not None and (last.interrupted or last.ended is None)
    return _run(problem, layout.root, hours, attempts, share, lambda: unfinished or has_new_files(layout.inbox))


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


def _run(problem: str, root: Path, hours: float, attempts: int, share: bool, anything_new: Callable[[], bool]) -> Any:
    say, name = current_reporter().say, deployment.get_name() or "by-hand"
    survive_lost_output()
    for line in end_lost_runs():
        say(line)
    record_call(root, name)
    if not anything_new():
        return Completed(name="Skipped", message="the inbox has no new files")
    with queue_place(root, problem) as place:
        if not place:
            return Completed(name="Skipped", message="another retrain of the problem is waiting already")
        try:
            with recorded(root, name, problem), time_limit(hours):
                return _attempts(problem, root, attempts, share, say)
        except BaseException as error:
            end = "failed" if isinstance(error, Exception) else "was ended from outside"
            say(
                f"the run {end}; finished work is kept, and the next run goes on; by hand: heelstrike retrain {problem}"
            )
            raise


def _attempts(problem: str, root: Path, attempts: int, share: bool, say: Callable[[str], None]) -> Any:
    for delay in _DELAYS_S[: attempts - 1]:
        try:
            return flows.retrain.retrain.fn(problem, root=str(root), share=share)
        except StoreUnreachableError as error:
            say(f"{error}\ntrying again in {delay} s")
            time.sleep(delay)
    return flows.retrain.retrain.fn(problem, root=str(root), share=share)


class _TimeOverError(BaseException):
    """The time is over. No code that goes on after an error, as when a store does not answer, takes it for one."""


@contextmanager
def time_limit(hours: float) -> Iterator[None]:
    """End the block with an error when the time is over; it must run in the main thread.

    Raises:
        UserError: The time is over.
    """
    over = f"not finished within the time limit of {hours:g} hours (parameter `hours` in prefect.yaml)"

    def end(number: int, frame: FrameType | None) -> None:
        raise _TimeOverError(over)

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, hours * 3600)
    try:
        yield
    except _TimeOverError as error:
        raise UserError(over) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
