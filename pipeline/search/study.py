"""The study: which trial starts when. Its result does not depend on the engine or on which worker was faster.

Trial n knows the outcomes of the trials up to n - `window`, and starts as soon as these are in. So up to `window`
trials run at once, and none waits for others than those it depends on.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait

from optuna.trial import FrozenTrial, TrialState, create_trial

from heelstrike.errors import UserError
from pipeline.executors.base import Executor, WorkerDiedError
from pipeline.search.proposals import Proposals
from pipeline.search.record import Record
from pipeline.search.trial import Job, Outcome, Rung, run_trial

ATTEMPTS = 3
MakeJob = Callable[[FrozenTrial, int, tuple[Rung, ...]], Job]
"""Makes the job of a trial, its number and its rungs."""


class Study:
    """Runs the trials of a record that have not ended.

    Args:
        record: The study in its database.
        proposals: Proposes trials.
        executor: Where trials run.
        job: Makes the job of a trial.
        on_ended: Called with each trial's number and outcome when it ends, including those of an earlier run.
        run_job: Runs a trial where a worker is.
    """

    def __init__(
        self,
        record: Record,
        proposals: Proposals,
        executor: Executor,
        job: MakeJob,
        on_ended: Callable[[int, Outcome], None],
        run_job: Callable[[Job], Outcome] = run_trial,
    ) -> None:
        self._record, self._proposals, self._executor = record, proposals, executor
        self._job, self._on_ended, self._run_job = job, on_ended, run_job
        self._earlier, self._outcomes = record.trials(), record.outcomes()
        self._running: dict[Future[Outcome], Job] = {}
        self._attempts: Counter[int] = Counter()
        for number, outcome in sorted(self._outcomes.items()):
            on_ended(number, outcome)

    def run(self, trials: int, window: int) -> list[FrozenTrial]:
        """Run the first `trials` trials, and return them in the order of their numbers.

        There are fewer if the proposals say that no further one is worth its time.

        Raises:
            UserError: The engine is lost, or its workers have other code, packages or data than this process.
        """
        begun = 0
        while begun < trials:
            while self._proposals.told <= begun - window:
                self._tell_or_wait()
            if self._proposals.ended:
                break
            trial = self._next(begun)
            if begun not in self._outcomes:
                self._start(self._job(trial, begun, self._proposals.rungs()))
            begun += 1
        while self._running:
            self._take()
        return self._record.trials()[:begun]

    def _tell_or_wait(self) -> None:
        """Tell the next outcome that a proposal needs; wait if it is not known yet."""
        while self._proposals.told not in self._outcomes:
            self._take()
        self._proposals.tell(self._outcomes[self._proposals.told])

    def _next(self, number: int) -> FrozenTrial:
        if number < len(self._earlier):
            self._proposals.add(_begun(self._earlier[number]))
            return self._earlier[number]
        proposal = self._proposals.propose()
        self._record.add(proposal)
        return proposal

    def _start(self, job: Job) -> None:
        self._attempts[job.number] += 1
        self._running[self._executor.submit(self._run_job, job)] = job

    def _take(self) -> None:
        """Wait for trials to end, and record how they did. One whose worker died is started again."""
        for future in wait(self._running, return_when=FIRST_COMPLETED).done:
            job = self._running.pop(future)
            last = self._attempts[job.number] >= ATTEMPTS
            outcome: Outcome | None
            try:
                outcome = future.result()
            except WorkerDiedError as error:
                reason = f"its worker died {ATTEMPTS} times ({error}); perhaps memory ran out"
                outcome = Outcome(state="failed", reason=reason) if last else None
            if outcome is not None and outcome.state == "refused":
                if last:
                    raise UserError(f"search: trial {job.number}: {outcome.reason}; make its checkout the same as this")
                outcome = None
            if outcome is None:
                self._start(job)
                continue
            self._record.end(job.number, outcome)
            self._outcomes[job.number] = outcome
            self._on_ended(job.number, outcome)


def _begun(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial as it was when it began."""
    return create_trial(state=TrialState.RUNNING, params=trial.params, distributions=trial.distributions)
