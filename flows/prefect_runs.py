"""Prefect's edge: waiting until its server has recorded a run."""

import time
from uuid import UUID


def wait_until_recorded(flow_run_id: UUID, timeout_s: float = 30) -> bool:
    """Wait until the server shows every task run of a flow run as ended.

    Task runs travel to the server as events, after the fact; a process without a server of its own that ends at once
    loses most of them.

    Returns:
        False when they were not all there in time; the run itself is none the worse for it.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    this_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    deadline = time.monotonic() + timeout_s
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            runs = client.read_task_runs(flow_run_filter=this_run, limit=200)
            if runs and all(run.state is not None and run.state.is_final() for run in runs):
                return True
            time.sleep(0.25)
    return False
