"""A bare worker: runs trials that searches on other machines put into the study's database."""

import time
from collections.abc import Callable
from typing import Any

from optuna.storages import BaseStorage

from pipeline.layout import Layout
from pipeline.search.identity import Identity
from pipeline.search.queue import SUFFIX, work_once
from pipeline.search.record import DatabaseAwayError, open_storage
from pipeline.search.trial import Job

_IDLE_S = 1.0
_AWAY_S = 10.0


def work(url: str, layouts: list[Layout], say: Callable[[str], None], idle_s: float | None = None) -> None:
    """Run trials until interrupted. A database that goes away is waited for.

    A trial is run only by a worker with the search's code, packages and data. Its checkpoints lie in this checkout.

    Args:
        url: The study's database.
        layouts: Problems of this checkout.
        say: Called with a line for each trial, and when the database goes away.
        idle_s: Seconds without a trial after which to end; `None` waits for ever.
    """
    last = time.monotonic()
    while idle_s is None or time.monotonic() - last < idle_s:
        try:
            with open_storage(url) as storage:
                while idle_s is None or time.monotonic() - last < idle_s:
                    if _work_on_any(storage, layouts, say):
                        last = time.monotonic()
                    else:
                        time.sleep(_IDLE_S)
        except DatabaseAwayError as error:
            say(f"{error}; trying again")
            time.sleep(_AWAY_S)


def _work_on_any(storage: BaseStorage, layouts: list[Layout], say: Callable[[str], None]) -> bool:
    """Run a waiting trial of any of these problems' studies; return False if there is none that may run here."""
    names = [study.study_name for study in storage.get_all_studies() if study.study_name.endswith(SUFFIX)]
    for layout in layouts:
        own = study_prefix(layout, Identity.here(layout.out("prepare")))
        for name in names:
            if name.startswith(own) and work_once(storage, name.removesuffix(SUFFIX), _fitted(layout, say)):
                return True
    return False


def study_prefix(layout: Layout, identity: Identity) -> str:
    """Return how the names of a problem's studies begin on machines with this code, these packages and this data."""
    return f"{layout.problem}-{identity.digest[:16]}-"


def _fitted(layout: Layout, say: Callable[[str], None]) -> Callable[[str, Any], Job]:
    def fit(_: str, job: Job) -> Job:
        say(f"{layout.problem}: trial {job.number}")
        work = layout.work("search", "bare") / job.work.parent.name / job.work.name
        return job.model_copy(update={"prepared": layout.out("prepare"), "work": work, "root": layout.root})

    return fit
