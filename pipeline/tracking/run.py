"""An MLflow run that can be found again: a run that was killed is continued when it is opened again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.tracking.keys import key_of
from pipeline.tracking.tags import CONTINUED_TAG, INTERRUPTED_TAG, PARENT_TAG, PART_TAG

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

_METRICS_AT_ONCE, _PARAMS_AT_ONCE = 1000, 100  # limits of MLflow's log_batch


@dataclass(frozen=True)
class Run:
    """An open MLflow run.

    Attributes:
        client: Client of the store.
        uri: Address of the store.
        experiment_id: MLflow's id of the problem's experiment.
        run_id: MLflow's id of the run.
        started_ms: Time when the run was first opened, in milliseconds since 1970. It is the time stamp of metrics
            that have no time of their own, so that logging them again adds nothing.
        done: True if the run was finished before, so that nothing has to be logged again.
    """

    client: "MlflowClient"
    uri: str
    experiment_id: str
    run_id: str
    started_ms: int
    done: bool

    def log_params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; parameters that the run already has keep their values."""
        from mlflow.entities import Param

        logged = self.client.get_run(self.run_id).data.params
        named = {key_of(name): value for name, value in values.items()}
        params = [Param(key, str(value)) for key, value in named.items() if key not in logged]
        for start in range(0, len(params), _PARAMS_AT_ONCE):
            self.client.log_batch(self.run_id, params=params[start : start + _PARAMS_AT_ONCE])

    def log_metrics(self, rows: list[dict[str, float]]) -> None:
        """Log metrics, a row per step from 0, in as few requests as possible; NaN is left out."""
        from mlflow.entities import Metric

        metrics = [
            Metric(key_of(name), float(value), self.started_ms, step)
            for step, row in enumerate(rows)
            for name, value in row.items()
            if value == value
        ]
        for start in range(0, len(metrics), _METRICS_AT_ONCE):
            self.client.log_batch(self.run_id, metrics=metrics[start : start + _METRICS_AT_ONCE])

    def log_step(self, step: int, row: Mapping[str, float], time_s: float) -> None:
        """Log the metrics of one step at the time when they were measured; NaN is left out.

        Args:
            step: Number of the step from 0.
            row: Metrics by name.
            time_s: Seconds since 1970.
        """
        from mlflow.entities import Metric

        metrics = [Metric(key_of(name), float(v), round(1000 * time_s), step) for name, v in row.items() if v == v]
        if metrics:
            self.client.log_batch(self.run_id, metrics=metrics)

    def log_missing(self, rows: list[dict[str, float]]) -> None:
        """Log those metrics of the rows, a row per step from 0, whose step has no value yet."""
        logged = self.client.get_run(self.run_id).data.metrics
        steps = {
            name: {metric.step for metric in self.client.get_metric_history(self.run_id, key_of(name))}
            for name in {name for row in rows for name in row}
            if key_of(name) in logged
        }
        missing = [
            {name: value for name, value in row.items() if step not in steps.get(name, ())}
            for step, row in enumerate(rows)
        ]
        self.log_metrics(missing)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; a tag that the run already has is overwritten."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    def rename(self, name: str) -> None:
        """Give the run another name in the UI."""
        self.client.update_run(self.run_id, name=name)

    def open_child(self, name: str, part: str, tags: Mapping[str, str] | None = None) -> "Run":
        """Open a run nested below this one, or find it again; the caller ends it.

        Args:
            name: Name of the run in the UI.
            part: Name by which the run is found again, unique among the children of this run.
            tags: Additional tags.
        """
        nested = {PARENT_TAG: self.run_id, PART_TAG: part}
        return open_run(self.client, self.uri, self.experiment_id, name, nested, tags or {})

    @contextmanager
    def child(self, name: str, part: str, tags: Mapping[str, str] | None = None) -> Iterator["Run"]:
        """Open a child as `open_child` does, and end it with the block: FINISHED, or FAILED if the block raises."""
        with ended(self.open_child(name, part, tags)) as run:
            yield run

    def end_as(self, status: str) -> None:
        """End the run with this status: FINISHED, KILLED or FAILED."""
        self.client.set_terminated(self.run_id, status)

    def interrupt(self, reason: str, at_ms: int | None = None) -> None:
        """End the run and its running children as KILLED, and record the reason.

        Args:
            reason: What happened.
            at_ms: When it happened, in milliseconds since 1970; `None` for now.
        """
        self.interrupt_children(reason, at_ms)
        self.set_tags({INTERRUPTED_TAG: reason[:4000]})
        self.client.set_terminated(self.run_id, "KILLED", at_ms)

    def interrupt_children(self, reason: str, at_ms: int | None = None) -> None:
        """Interrupt the children that are still RUNNING (arguments as for `interrupt`)."""
        query = f"tags.`{PARENT_TAG}` = '{self.run_id}' and attributes.status = 'RUNNING'"
        for child in self.client.search_runs([self.experiment_id], query, max_results=1000):
            run_of(self.client, self.uri, child).interrupt(reason, at_ms)


@contextmanager
def ended(run: Run) -> Iterator[Run]:
    """End a run with the block: FINISHED, or FAILED if the block raises. A run that was finished before stays so."""
    try:
        yield run
    except BaseException:
        if not run.done:
            run.end_as("FAILED")
        raise
    if not run.done and run.client.get_run(run.run_id).info.status == "RUNNING":
        run.end_as("FINISHED")


def open_run(
    client: "MlflowClient", uri: str, experiment: str, name: str, identity: Mapping[str, str], tags: Mapping[str, str]
) -> Run:
    """Return the run of this identity, which is RUNNING again unless it was finished; a missing run is made.

    Args:
        client: Client of the store.
        uri: Address of the store.
        experiment: MLflow's id of the experiment.
        name: Name of a run that is made.
        identity: Tags by which the run is found.
        tags: More tags of a run that is made.
    """
    entry = find_run(client, experiment, identity)
    if entry is None:
        return run_of(client, uri, client.create_run(experiment, run_name=name, tags={**identity, **tags}))
    run = run_of(client, uri, entry)
    if not run.done:
        if interruption := entry.data.tags.get(INTERRUPTED_TAG):
            run.set_tags({CONTINUED_TAG: interruption})
            client.delete_tag(run.run_id, INTERRUPTED_TAG)
        client.update_run(run.run_id, status="RUNNING")
    return run


def find_run(client: "MlflowClient", experiment: str, identity: Mapping[str, str]) -> "MlflowRun | None":
    """Return the oldest run with these tags; `None` if there is none."""
    query = " and ".join(f"tags.`{key}` = '{value}'" for key, value in identity.items())
    runs = client.search_runs([experiment], query, order_by=["attributes.start_time ASC"], max_results=1)
    return runs[0] if runs else None


def run_of(client: "MlflowClient", uri: str, entry: "MlflowRun") -> Run:
    """Return a run of MLflow as a `Run`. It is done if it ended otherwise than by a failure or an interruption."""
    info = entry.info
    done = info.status not in ("RUNNING", "SCHEDULED", "FAILED") and INTERRUPTED_TAG not in entry.data.tags
    return Run(client, uri, info.experiment_id, info.run_id, info.start_time, done)
