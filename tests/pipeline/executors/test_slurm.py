"""The watching of SLURM's jobs."""

from concurrent.futures import Future
from typing import Any

import pytest

from pipeline.executors.slurm import _has_ended


class _Away:
    """A job whose folder cannot be read."""

    job_id = "7"

    def done(self) -> bool:
        raise OSError("Stale file handle")


def test_a_job_that_cannot_be_looked_at_ends_its_call_instead_of_leaving_it_waiting() -> None:
    future: Future[Any] = Future()
    assert _has_ended(_Away(), future)
    with pytest.raises(OSError, match="Stale file handle"):
        future.result(timeout=0)
