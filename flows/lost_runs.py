"""Flow runs that a Prefect server shows as running although their process is gone, and their end.

A server learns of the end of a run from the run itself; after `kill -9`, a power cut or its own outage it never does.
Every run is therefore tagged with its process, and the next one on the same machine ends the lost ones.
"""

import os
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun
    from prefect.states import State

FLOWS = ("retrain", "ingest", "predict")
_TAG = re.compile(r"process:(?P<host>[^:]+):(?P<pid>\d+)")
_TAGGED_WITHIN = timedelta(minutes=10)
_LONGEST = timedelta(days=3)
_SLACK_S = 120  # clocks of server and machine may differ


def tag_with_process(flow: "Flow[Any, Any]", flow_run: "FlowRun", state: "State[Any]") -> None:
    """Tag a flow run with its process as `process:HOST:PID`; a hook for `on_running` of every flow."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        client.update_flow_run(flow_run.id, tags=[*flow_run.tags, f"process:{socket.gethostname()}:{os.getpid()}"])


def end_lost_runs() -> list[str]:
    """End all runs of Heelstrike's flows whose process is gone.

    A run of another machine is ended when it is older than three days, since its process cannot be looked at from here.

    Returns:
        A line about each run that was ended.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled, Crashed

    open_states = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    flows = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
    runs = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=open_states)))
    lines = []
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_filter=flows, flow_run_filter=runs):
            reason = _why_lost(run)
            if not reason:
                continue
            cancelling = run.state_type == StateType.CANCELLING
            message = f"{reason}; the next run goes on from where it stopped"
            client.set_flow_run_state(run.id, (Cancelled if cancelling else Crashed)(message=message), force=True)
            lines.append(f"ended the lost flow run {run.name} ({run.id}): {reason}")
    return lines


def _why_lost(run: "FlowRun") -> str:
    """Return why a run that the server shows as running cannot be; empty if it may be running."""
    began = run.start_time or run.expected_start_time or run.created or datetime.now(UTC)
    age = datetime.now(UTC) - began
    owner = next(filter(None, map(_TAG.fullmatch, run.tags)), None)
    if owner and owner["host"] == socket.gethostname():
        return "" if _is_alive(int(owner["pid"]), began) else f"its process {owner['pid']} on this machine is gone"
    if owner is None:
        limit = f"{_TAGGED_WITHIN.seconds // 60} minutes"
        return f"no process has taken it up within {limit}" if age > _TAGGED_WITHIN else ""
    return f"it began {age.days} days ago on {owner['host']}" if age > _LONGEST else ""


def _is_alive(pid: int, began: datetime) -> bool:
    """Return True if the process exists and is not a later one of the same number."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= began.timestamp() + _SLACK_S
    except psutil.NoSuchProcess:
        return False
