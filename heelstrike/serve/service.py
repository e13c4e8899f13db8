"""The parts of the service, which its routes share."""

import logging
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from heelstrike.clock import utc
from heelstrike.serve.accounts import Accounts
from heelstrike.serve.approvals import Approvals
from heelstrike.serve.evaluations import EvaluationStore
from heelstrike.serve.jobs import JobQueue
from heelstrike.serve.label.store import LabelStore
from heelstrike.serve.metrics import Metrics
from heelstrike.serve.models import ModelStore
from heelstrike.serve.notes import NoteStore
from heelstrike.serve.ownership import ownership
from heelstrike.serve.pictures import Pictures
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Evaluation
from heelstrike.serve.reviews import ReviewStore
from heelstrike.serve.settings import ServeSettings
from heelstrike.serve.uploads import UploadStore

_CLEAN_EVERY_S = 600.0
_UNFINISHED_DAYS = 2.0  # an upload that nobody went on with
_log = logging.getLogger(__name__)


class Service:
    """Everything behind the routes.

    Attributes:
        settings: Settings of the service.
        evaluations: Evaluations on disk.
        labels: Labels of their frames.
        models: The models that are served.
        jobs: The queue of jobs.
        uploads: Unfinished uploads.
        pictures: Measures single images.
        accounts: The users; `None` for a service of one user.
        reviews: Comparisons of versions in the registry.
        notes: Reviewers' notes on them.
        approvals: Decides on candidates; `None` without a checkout.
        metrics: Counters for Prometheus.

    Args:
        settings: Settings of the service.
        approvals: Decides on candidates; `None` without a checkout.

    Raises:
        UserError: The data folder cannot be used, or the package is damaged.
    """

    def __init__(self, settings: ServeSettings, approvals: Approvals | None = None) -> None:
        self.settings = settings
        self.evaluations = EvaluationStore(settings.data)
        self.labels = LabelStore(self.evaluations)
        self.accounts = Accounts(settings.data) if settings.users else None
        self.models = ModelStore(settings)
        self.jobs = JobQueue(self.evaluations, self.models, settings.limits, settings.watching)
        self.uploads = UploadStore(self.evaluations, settings.limits)
        self.pictures = Pictures(self.models, settings.watching.folder)
        self.approvals, self.reviews = approvals, ReviewStore(settings, approvals)
        self.notes = NoteStore(settings.data)
        self.metrics = Metrics(self.jobs, self.models)
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to follow the registry, to work on jobs and to clean up."""
        self.follow_users()
        self.models.start()
        self.jobs.start()
        threading.Thread(target=self._clean_now_and_then, name="cleaning", daemon=True).start()

    def stop(self) -> None:
        """End all work, and give the data folder back."""
        self._stopped.set()
        self.models.stop()
        self.jobs.stop()
        self.evaluations.close()

    def clean(self) -> None:
        """Delete evaluations that have been kept long enough, old unfinished uploads and ended sessions."""
        self.follow_users()
        for record in self.evaluations.all():
            with suppress(RequestError):  # a user deletes it, or writes to it at this moment
                self._clean(record)
        if self.accounts is not None:
            self.accounts.forget_old()

    def follow_users(self) -> None:
        """Note on all evaluations which of their users were removed."""
        if self.accounts is None:
            return
        users = self.accounts.users()
        for record in self.evaluations.all():
            with suppress(RequestError):  # it is deleted at this moment
                self.evaluations.revise(record.id, partial(ownership, users))

    def _clean(self, record: Evaluation) -> None:
        days = self.settings.keep_days
        if days is not None and record.created < _days_ago(days):
            _log.info("evaluation %s has been kept for %g days and is deleted", record.id, days)
            self.jobs.delete_evaluation(record.id)
            return
        for upload in self.uploads.of(record.id):
            if self.uploads.last_change(upload) < _days_ago(_UNFINISHED_DAYS):
                self.uploads.delete(upload)

    def _clean_now_and_then(self) -> None:
        while not self._stopped.is_set():
            try:
                self.clean()
            except Exception:  # it is tried again later
                _log.exception("cleaning up")
            self._stopped.wait(_CLEAN_EVERY_S)


def _days_ago(days: float) -> str:
    return utc((datetime.now(UTC) - timedelta(days=days)).timestamp())
