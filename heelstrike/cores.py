"""The cores of this machine that the process may use: fewer than the machine has, in a container or under `taskset`."""

import os


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
