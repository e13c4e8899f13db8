"""Flow runs whose process is gone are ended; those whose process lives are not."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelling, Running

from flows.lost_runs import _why_lost, end_lost_runs, tag_with_process


@flow(name="retrain")
def work() -> None: ...


def run_of(*tags: str, age_s: float = 0) -> FlowRun:
    now = datetime.now(UTC)
    return FlowRun(flow_id="00000000-0000-0000-0000-000000000000", tags=tags, start_time=now - timedelta(seconds=age_s))


def test_a_run_is_lost_if_its_process_is_gone_or_is_a_later_one() -> None:
    here = socket.gethostname()
    assert _why_lost(run_of(f"process:{here}:{os.getpid()}")) == ""
    assert "is gone" in _why_lost(run_of(f"process:{here}:{os.getpid()}", age_s=10 * 86400))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert "is gone" in _why_lost(run_of(f"process:{here}:{ended.pid}"))


def test_a_run_without_a_process_or_of_another_machine_is_lost_after_a_while() -> None:
    assert _why_lost(run_of(age_s=60)) == ""
    assert "no process has taken it up within 10 minutes" in _why_lost(run_of(age_s=700))
    assert _why_lost(run_of("process:elsewhere:1", age_s=86400)) == ""
    assert "4 days ago on elsewhere" in _why_lost(run_of("process:elsewhere:1", age_s=4 * 86400 + 60))


@pytest.mark.usefixtures("prefect")
def test_the_server_shows_lost_runs_as_ended_and_leaves_the_others() -> None:
    here, gone = socket.gethostname(), subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with get_client(sync_client=True) as client:
        lost = client.create_flow_run(work, state=Running(), tags=[f"process:{here}:{gone.pid}"])
        cancelled = client.create_flow_run(work, state=Cancelling(), tags=[f"process:{here}:{gone.pid}"])
        alive = client.create_flow_run(work, state=Running())
        tag_with_process(work, alive, Running())
        lines = end_lost_runs()
        states = {run.id: client.read_flow_run(run.id).state_type for run in (lost, cancelled, alive)}
    assert [states[run.id] for run in (lost, cancelled, alive)] == [
        StateType.CRASHED,
        StateType.CANCELLED,
        StateType.RUNNING,
    ]
    assert len(lines) == 2
