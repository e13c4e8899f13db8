"""A bare worker of the tests' calls."""

import time

from pipeline.search import queue
from pipeline.search.record import open_storage
from tests.pipeline.executors.calls import TASKS


def poll(url: str, name: str) -> None:
    """Run calls until killed."""
    queue.BEAT_S = 0.2
    with open_storage(url) as storage:
        while True:
            if not queue.work_once(storage, name, lambda _, argument: argument, TASKS):
                time.sleep(0.05)
