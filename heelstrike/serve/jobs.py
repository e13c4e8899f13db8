"""Jobs: a queue on disk, and the thread that has them measured one after the other.

A job's file is its truth. A job that was running when the service was killed is queued again at the next start; it has
left no results, since a worker writes them aside and renames them at the end.
"""

import logging
import secrets
import shutil
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from heelstrike.clock import utc_now
from heelstrike.errors import UserError, one_line
from heelstrike.files import write_json
from heelstrike.foreign import message_of
from heelstrike.registry.versions import CHALLENGER
from heelstrike.serve.evaluations import EvaluationStore
from heelstrike.serve.models import ModelStore
from heelstrike.serve.problems import RequestError, missing
from heelstrike.serve.records import UNFINISHED, Evaluation, Job, Progress, Step
from heelstrike.serve.settings import Limits, Watching
from heelstrike.serve.work import Answer, ShadowWork, Work
from heelstrike.serve.workers import WorkerProcess

_log = logging.getLogger(__name__)


class JobQueue:
    """All jobs of a data folder.

    Attributes:
        frames: Number of frames that were measured since the start.

    Args:
        evaluations: The evaluations that jobs belong to.
        models: The models that jobs use.
        limits: What one user may store.
        watching: What is noted beside the results.

    Raises:
        UserError: The file of a job is damaged.
    """

    def __init__(self, evaluations: EvaluationStore, models: ModelStore, limits: Limits, watching: Watching) -> None:
        self._evaluations, self._models, self._limits, self._watching = evaluations, models, limits, watching
        self._changed, self._stopped = threading.Condition(), False
        self._worker = WorkerProcess()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._jobs = {job.id: job for record in evaluations.all() for job in _read_all(evaluations.folder(record.id))}
        self._progress: tuple[str, Progress] = ("", Progress())
        self.frames = 0

    def start(self) -> None:
        """Begin to work, first on what was running when the last service ended."""
        with self._changed:
            for job in [job for job in self._jobs.values() if job.state == "running"]:
                self._change(job, state="queued", started=None)
        self._thread.start()

    def stop(self) -> None:
        """End the work. The running job stays unfinished, and begins again at the next start."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._worker.kill()
        if self._thread.is_alive():
            self._thread.join(10)

    def all(self) -> list[Job]:
        """Return all jobs, the oldest first."""
        return sorted(self._jobs.copy().values(), key=_created)

    def of(self, evaluation: str) -> list[Job]:
        """Return the jobs of an evaluation, the oldest first."""
        return sorted((job for job in self._jobs.copy().values() if job.evaluation == evaluation), key=_created)

    def get(self, evaluation: str, job: str) -> Job:
        """Return a job of an evaluation.

        Raises:
            RequestError: There is no such job.
        """
        record = self._jobs.get(job)
        if record is None or record.evaluation != evaluation:
            raise missing("job")
        return record

    def progress(self, job: Job) -> Progress | None:
        """Return how far a running job is; `None` if it is not running."""
        running, progress = self._progress
        return progress if job.state == "running" and running == job.id else None

    def results(self, job: Job) -> Path:
        """Return the folder of a job's results, which is there if the job is done."""
        return self._folder(job) / "files"

    def submit(self, evaluation: Evaluation, model: str, overlay: bool) -> Job:
        """Queue the measurement of an evaluation's files.

        Args:
            evaluation: The evaluation.
            model: Reference to a model. What it stands for when the job begins is used.
            overlay: True to draw the results into copies of the files.

        Raises:
            RequestError: The evaluation has no files.
        """
        if not evaluation.files:
            raise RequestError(HTTPStatus.CONFLICT, "this evaluation has no files yet; upload some first")
        job = Job(id=secrets.token_hex(10), evaluation=evaluation.id, model=model, overlay=overlay, created=utc_now())
        with self._changed:
            self._write(job)
            self._jobs[job.id] = job
            self._changed.notify_all()
        return job

    def cancel(self, job: Job) -> Job:
        """End a job that is queued or running; one that has ended stays as it is.

        Raises:
            RequestError: The job was deleted meanwhile.
        """
        with self._changed:
            now = self.get(job.evaluation, job.id)
            if now.state in UNFINISHED:
                if now.state == "running":
                    self._worker.kill()
                    shutil.rmtree(self._folder(now), ignore_errors=True)
                now = self._change(now, state="cancelled", finished=utc_now())
            return now

    def delete(self, job: Job) -> None:
        """End a job if it has not ended, and delete it with its results.

        Raises:
            RequestError: The job was deleted meanwhile.
        """
        with self._changed:
            self.cancel(job)
            shutil.rmtree(self._folder(job), ignore_errors=True)
            self._file(job).unlink(missing_ok=True)
            del self._jobs[job.id]

    def delete_evaluation(self, evaluation: str) -> None:
        """Delete an evaluation with its jobs and files. No job of it can be queued meanwhile.

        Raises:
            RequestError: There is no such evaluation.
        """
        with self._changed:
            for job in self.of(evaluation):
                self.delete(job)
            self._evaluations.delete(evaluation)

    def remove_file(self, evaluation: str, name: str) -> None:
        """Delete a file of an evaluation.

        Raises:
            RequestError: There is no such file, or a job is to measure it: the job would write a copy of it again.
        """
        with self._changed:
            if any(job.state in UNFINISHED for job in self.of(evaluation)):
                raise RequestError(
                    HTTPStatus.CONFLICT, "a job measures this evaluation's files; wait for its end, or cancel it first"
                )
            self._evaluations.remove(evaluation, name)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._measure(job)
            except Exception as error:  # for instance a full disk: this job has failed, the next ones may not
                _log.exception("job %s", job.id)
                self._end(job, state="failed", error=message_of(error).partition("\n")[0])

    def _next(self) -> Job | None:
        """Wait for a queued job, and return it as running; `None` at the end of the service."""
        with self._changed:
            while not self._stopped:
                queued = [job for job in self.all() if job.state == "queued"]
                if queued:
                    return self._change(queued[0], state="running", started=utc_now())
                self._changed.wait()
        return None

    def _measure(self, job: Job) -> None:
        self._progress = job.id, Progress()
        try:
            pulled = self._models.pull(self._models.find(job.model))
            job = self._changed_if_running(job, reference=pulled.reference, package=pulled.package)
            evaluation, folder = self._evaluations.get(job.evaluation), self._evaluations.folder(job.evaluation)
            work = Work(
                package=pulled.folder,
                reference=pulled.reference,
                version=None if pulled.version is None else str(pulled.version),
                files=folder / "files",
                results=self.results(job),
                views=folder / "views",
                overlay=job.overlay,
                mm_per_px=evaluation.mm_per_px,
                about=evaluation.about,
                most_frames=self._limits.frames,
                record=self._watching.folder,
                shadow=self._shadow(job, pulled.package),
            )
            answer = self._worker.measure(work, _Clock(self, job).listen)
        except (UserError, RequestError) as error:
            answer = Answer(ended=True, error=str(error))
        self.frames += answer.frames
        self._end(job, state="failed" if answer.error else "done", error=answer.error, failed=answer.failed)

    def _shadow(self, job: Job, champion: str) -> ShadowWork | None:
        """Return the challenger of the job's model; `None` if it is not to be asked, or is the same package.

        If it cannot be had, the job goes on without it.
        """
        if not self._watching.shadow or self._watching.folder is None:
            return None
        try:
            known = self._models.find(f"{self._models.find(job.model).problem}@{CHALLENGER}")
            pulled = self._models.pull(known)
        except (UserError, RequestError) as error:
            _log.warning("no model in the shadow: %s", error)
            return None
        version = None if pulled.version is None else str(pulled.version)
        return None if pulled.package == champion else ShadowWork(package=pulled.folder, version=version)

    def _end(self, job: Job, **fields: Any) -> None:
        """Note the end of a job, unless it was cancelled or deleted, or the service is ending."""
        with self._changed:
            if not self._stopped:
                self._changed_if_running(job, finished=utc_now(), **fields)

    def _changed_if_running(self, job: Job, **fields: Any) -> Job:
        with self._changed:
            now = self._jobs.get(job.id)
            return job if now is None or now.state != "running" else self._change(now, **fields)

    def _change(self, job: Job, **fields: Any) -> Job:
        """Change a job. If its file cannot be written, the next start goes on from what stands there."""
        job = self._jobs[job.id] = job.model_copy(update=fields)
        try:
            self._write(job)
        except OSError:  # for instance a full disk; the thread goes on with other jobs
            _log.exception("job %s", job.id)
        return job

    def _write(self, job: Job) -> None:
        write_json(self._file(job), job.model_dump(mode="json"))

    def note(self, job: Job, progress: Progress) -> None:
        """Note how far the running job is, and end its work if it was cancelled before that had begun."""
        self._progress = job.id, progress
        now = self._jobs.get(job.id)
        if now is None or now.state != "running":
            self._worker.kill()

    def _file(self, job: Job) -> Path:
        return self._evaluations.folder(job.evaluation) / "jobs" / f"{job.id}.json"

    def _folder(self, job: Job) -> Path:
        return self._evaluations.folder(job.evaluation) / "results" / job.id


class _Clock:
    """Estimates the speed of a job and the time that is left."""

    def __init__(self, queue: JobQueue, job: Job) -> None:
        self._queue, self._job = queue, job
        self._step: Step = "measure"
        self._first: tuple[float, int] | None = None

    def listen(self, answer: Answer) -> None:
        now = time.monotonic()
        if answer.step != self._step:
            self._step, self._first = answer.step, None
        if self._first is None and answer.frames:
            self._first = now, answer.frames
        speed = None
        if self._first is not None and now > self._first[0]:
            speed = (answer.frames - self._first[1]) / (now - self._first[0])
        left = max(answer.total - answer.frames, 0) / speed if speed else None
        self._queue.note(
            self._job,
            Progress(step=answer.step, frames=answer.frames, total=answer.total, frames_per_s=speed, left_s=left),
        )


def _created(job: Job) -> str:
    return job.created


def _read_all(folder: Path) -> list[Job]:
    jobs = []
    for path in sorted((folder / "jobs").glob("*.json")):
        try:
            jobs.append(Job.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            raise UserError(f"{path}: damaged ({one_line(error)}); remove it, and start the job again") from None
    return jobs
