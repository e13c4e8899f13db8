"""The run of a retrain while its stages run: epochs, trials and stages arrive as they happen."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError, first_line
from heelstrike.files import write_json
from heelstrike.progress import Event
from heelstrike.registry.database import open_mlflow, store_errors
from heelstrike.stores import tracking_uri
from pipeline.layout import Layout
from pipeline.tracking.evidence import log_environment, log_lock, log_sources
from pipeline.tracking.experiment import experiment_of
from pipeline.tracking.lineage import retrain_key
from pipeline.tracking.results import (
    MORE,
    history_row,
    log_dataset,
    log_disturbed,
    log_evaluation,
    log_training,
    log_validation,
)
from pipeline.tracking.run import Run, find_run, run_of
from pipeline.tracking.runs import RETRAIN, begin_retrain, open_retrain, tie_to_data
from pipeline.tracking.study import SEARCH, end_trial, log_search, open_trial, tags_of_work
from pipeline.tracking.tags import NOTE_TAG, PART_TAG, REASON_TAG, RETRAIN_TAG, STAGE_TAG, VERDICT_TAG

_RESULTS: dict[str, Callable[[Layout, Run], None]] = {
    "validate": log_validation,
    "split": log_sources,
    "prepare": log_dataset,
    "search": log_search,
    "train": log_training,
    "evaluate": log_evaluation,
    "package": log_disturbed,
}
"""What is logged when a stage has ended."""

_RUNNING = " running"
"""End of the run's name until it has a verdict."""

_PAUSE_S = 60.0  # between two attempts to log while the store does not answer


class LiveRun:
    """The MLflow run of a retrain that is under way.

    The run is made when the retrain begins. If the present outputs were logged by an earlier retrain, it is made when
    the first stage reports progress: a retrain for which nothing has changed makes no run.

    A store that stops answering does not stop the stages: what it has missed is logged when they have ended.

    Args:
        layout: The repository and the problem.
        flow_run: Id of the Prefect flow run; `None` without one.
        say: Called with a line if the store does not answer.
    """

    def __init__(self, layout: Layout, flow_run: str | None, say: Callable[[str], None]) -> None:
        self._layout, self._flow_run, self._say = layout, flow_run, say
        self._began = time.strftime("%m-%d %H:%M")
        self._run: Run | None = None
        self._stage, self._stage_began = "", 0.0
        self._logged = set[str]()
        self._study: Run | None = None
        self._trials: dict[int, tuple[Run, list[int]]] = {}
        self._retry_at = 0.0

    def begin(self) -> None:
        """End the run that a killed retrain of this checkout left, and make the run unless its outputs are logged.

        Raises:
            UserError: The store does not answer.
        """
        with store_errors(tracking_uri(self._layout.root)):
            end_left_run(self._layout)
            if not _is_logged(self._layout):
                self._opened()

    def start(self, stage: str) -> None:
        """Record which stage is running."""
        self._stage, self._stage_began = stage, time.time()
        if self._run is not None:
            self._attempt(lambda: self._opened().set_tags({STAGE_TAG: stage}))

    def event(self, event: Event) -> None:
        """Log what the running stage has reported, if it is an epoch or a part of a trial."""
        if self._run is None:
            self._attempt(lambda: self._opened().set_tags({STAGE_TAG: self._stage}))
        if event.get("record") == "epoch":
            step, row = int(event["values"]["epoch"]) - 1, history_row(event["values"]["row"])
            self._attempt(lambda: self._opened().log_step(step, row, event["time"]))
        elif event.get("record") == "trial":
            self._attempt(lambda: self._log_trial(event["values"], event["time"]))

    def finish(self, stage: str, ran: bool) -> None:
        """Log the results and the duration of a stage that has ended."""
        if self._run is None:
            return
        if ran:
            seconds = {f"{MORE}/seconds/{stage}": time.time() - self._stage_began}
            self._attempt(lambda: self._opened().log_metrics([seconds]))
        self._attempt(lambda: self._log_results(stage))

    def complete(self) -> Run:
        """Return the run of the present outputs with everything that the stages have made logged.

        Raises:
            UserError: The store does not answer, or the output of a stage is missing.
        """
        with store_errors(tracking_uri(self._layout.root)):
            if self._run is None:
                self._hold(open_retrain(self._layout, f"{self._began}{_RUNNING}"))
            run = self._opened()
            tie_to_data(self._layout, run, self._flow_run)
            if not run.done:
                for stage in _RESULTS:
                    self._log_results(stage)
                log_lock(self._layout, run)
            return run

    def end(self) -> None:
        """End the run as FINISHED."""
        if self._run is not None and not self._run.done:
            self._run.remove_tag(STAGE_TAG)
            self._run.end_as("FINISHED")
        _note_of(self._layout).unlink(missing_ok=True)

    def fail(self, error: BaseException) -> None:
        """End the run as FAILED with the reason, or as KILLED if somebody interrupted it.

        A store that does not answer is left alone; the next retrain ends the run then.
        """
        with suppress(UserError, OSError), store_errors(tracking_uri(self._layout.root)):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        run = self._run
        if run is None or run.done:
            return
        interrupted = not isinstance(error, Exception)
        verdict, where = "interrupted" if interrupted else "failed", f" in {self._stage}" if self._stage else ""
        ended = "the retrain was ended from outside (Ctrl-C, SIGTERM, or the time limit of its deployment)"
        reason = ended if interrupted else first_line(str(error))
        run.rename(f"{self._began} {verdict}{where}")
        text = f"**{verdict.capitalize()}{where}.**\n\n{reason if interrupted else error}"
        run.set_tags({VERDICT_TAG: verdict, REASON_TAG: reason[:4000], NOTE_TAG: text[:4000]})
        if interrupted:
            run.interrupt(reason)
        else:
            run.interrupt_children(reason)
            run.end_as("FAILED")
        _note_of(self._layout).unlink(missing_ok=True)

    def _opened(self) -> Run:
        if self._run is None:
            self._hold(begin_retrain(self._layout, f"{self._began}{_RUNNING}"))
        assert self._run is not None
        return self._run

    def _hold(self, run: Run) -> None:
        """Take this run as the retrain's, and write down its id for whoever comes after a kill."""
        self._run = run
        if not run.done:
            write_json(_note_of(self._layout), {"run": run.run_id})
            log_environment(run)

    def _log_results(self, stage: str) -> None:
        if stage in _RESULTS and stage not in self._logged:
            _RESULTS[stage](self._layout, self._opened())
            self._logged.add(stage)

    def _log_trial(self, values: Mapping[str, Any], time_s: float) -> None:
        number = int(values["number"])
        if number not in self._trials:
            if self._study is None:
                self._study = self._opened().open_child("search · running", SEARCH)
            self._trials[number] = open_trial(self._study, number, values.get("params", {})), []
        run, epochs = self._trials[number]
        if run.done:
            return
        if "epoch" in values and values["epoch"] not in epochs:  # a trial that is run again reports them again
            run.log_step(len(epochs), {"score": values["score"]}, time_s)
            epochs.append(values["epoch"])
        if "state" in values:
            end_trial(run, number, values["state"], values["value"], values["reason"], tags_of_work(values))

    def _attempt(self, log: Callable[[], None]) -> None:
        """Log something now unless the store does not answer; then it is logged when the stages have ended."""
        if time.monotonic() < self._retry_at:
            return
        try:
            with store_errors(tracking_uri(self._layout.root)):
                log()
        except (UserError, OSError) as error:
            self._retry_at = time.monotonic() + _PAUSE_S
            self._say(f"{first_line(str(error))}; the stages go on, and the run is completed when they have ended")


@contextmanager
def live_run(layout: Layout, flow_run: str | None, say: Callable[[str], None]) -> Iterator[LiveRun]:
    """Give the run of a retrain, which ends with the block: FINISHED, FAILED or KILLED.

    The arguments are those of `LiveRun`.

    Raises:
        UserError: The store does not answer at the beginning.
    """
    live = LiveRun(layout, flow_run, say)
    live.begin()
    try:
        yield live
    except BaseException as error:
        live.fail(error)
        raise
    with store_errors(tracking_uri(layout.root)):
        live.end()


def end_left_run(layout: Layout) -> None:
    """End the run that a killed retrain of this checkout left RUNNING. The caller holds the problem's lock."""
    note = _note_of(layout)
    try:
        run_id = str(json.loads(note.read_text())["run"])
    except (OSError, ValueError, KeyError):
        return
    client, uri = open_mlflow(layout.root), tracking_uri(layout.root)
    for entry in client.search_runs([experiment_of(client, layout)], f"attributes.run_id = '{run_id}'"):
        if entry.info.status == "RUNNING":
            stage = entry.data.tags.get(STAGE_TAG, "")
            run = run_of(client, uri, entry)
            run.rename(
                f"{(entry.info.run_name or '').removesuffix(' running')} killed{f' in {stage}' if stage else ''}"
            )
            run.set_tags({VERDICT_TAG: "interrupted"})
            reason = "the retrain's process was killed; the next retrain of this checkout ended this run"
            run.interrupt(reason, max(_last_sign_ms(layout), run.started_ms))
    note.unlink(missing_ok=True)


def _last_sign_ms(layout: Layout) -> int:
    """Return when a stage of this checkout last reported progress, in milliseconds since 1970; 0 if none did."""
    files = (layout.root / ".work" / layout.problem / "logs").glob("*.progress")
    return max((round(1000 * file.stat().st_mtime) for file in files), default=0)


def _is_logged(layout: Layout) -> bool:
    """Return True if a run has the present outputs, as far as there are any."""
    try:
        key = retrain_key(layout)
    except UserError:
        return False
    client = open_mlflow(layout.root)
    return find_run(client, experiment_of(client, layout), {RETRAIN_TAG: key, PART_TAG: RETRAIN}) is not None


def _note_of(layout: Layout) -> Path:
    """Return the file with the id of the run that is under way in this checkout."""
    return layout.root / ".work" / layout.problem / "mlflow-run.json"
