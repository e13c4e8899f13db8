"""Waiting until Prefect's server has recorded a flow run."""

import contextlib
import time
from uuid import UUID


def wait_until_recorded(flow_run_id: UUID, timeout_s: float = 30) -> bool:
    """Wait until the server shows every task run of a flow run as ended.

    The server records task runs from events that arrive late. A process whose own temporary server ends with it would
    lose most of them if it ended at once.

    Returns:
        False if the time was over before the server had recorded all of them, or the server no longer answers. The
        results of the run do not depend on it.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    this_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    deadline = time.monotonic() + timeout_s
    with contextlib.suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            runs = client.read_task_runs(flow_run_filter=this_run, limit=200)
            if runs and all(run.state is not None and run.state.is_final() for run in runs):
                return True
            time.sleep(0.25)
    return False
