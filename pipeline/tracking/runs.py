"""Runs that are found again: a retrain that was killed and run once more goes on in the run it had."""

import getpass
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelstrike.registry.database import open_mlflow, store_errors
from heelstrike.stores import is_server, tracking_uri
from pipeline.layout import Layout
from pipeline.tracking.lineage import git_tags, lineage_tags, retrain_key
from pipeline.tracking.tags import (
    EXPERIMENT_KIND_TAG,
    FLOW_RUN_TAG,
    PARENT_TAG,
    PART_TAG,
    RETRAIN_TAG,
    SOURCE_NAME_TAG,
    SOURCE_TYPE_TAG,
    USER_TAG,
)

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

_METRICS_AT_ONCE, _PARAMS_AT_ONCE = 1000, 100  # limits of MLflow's log_batch


@dataclass(frozen=True)
class Run:
    """An open MLflow run.

    Attributes:
        client: The store's client.
        uri: The store's address.
        experiment_id: The problem's experiment.
        run_id: MLflow's id of the run.
        key: The retrain's key; every run of one retrain carries it.
        started_ms: When it was opened first; the time stamp of its metrics, so that logging them again adds nothing.
        done: Whether it had been finished before: nothing has to be logged again.
    """

    client: "MlflowClient"
    uri: str
    experiment_id: str
    run_id: str
    key: str
    started_ms: int
    done: bool

    def log_params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; a value that is already there stays."""
        from mlflow.entities import Param

        there = self.client.get_run(self.run_id).data.params
        params = [Param(key, str(value)) for key, value in values.items() if key not in there]
        for start in range(0, len(params), _PARAMS_AT_ONCE):
            self.client.log_batch(self.run_id, params=params[start : start + _PARAMS_AT_ONCE])

    def log_metrics(self, rows: list[dict[str, float]]) -> None:
        """Log metrics, a row per step from 0, all in one request where they fit; NaN is left out."""
        from mlflow.entities import Metric

        metrics = [
            Metric(name, float(value), self.started_ms, step)
            for step, row in enumerate(rows)
            for name, value in row.items()
            if value == value
        ]
        for start in range(0, len(metrics), _METRICS_AT_ONCE):
            self.client.log_batch(self.run_id, metrics=metrics[start : start + _METRICS_AT_ONCE])

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; the last value of a tag stands."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    @contextmanager
    def child(self, name: str, part: str, tags: Mapping[str, str] | None = None) -> Iterator["Run"]:
        """Open a run nested below this one, or find it again.

        Args:
            name: What a reader sees.
            part: What it is found by, unique within the retrain.
            tags: More tags.
        """
        nested = {RETRAIN_TAG: self.key, PART_TAG: part, PARENT_TAG: self.run_id, **(tags or {})}
        with _open(self.client, self.uri, self.experiment_id, name, nested) as run:
            yield run

    def end_as(self, status: str) -> None:
        """Say how a run ended (FINISHED, KILLED, FAILED) before its block does."""
        self.client.set_terminated(self.run_id, status)


@contextmanager
def retrain_run(layout: Layout, tags: Mapping[str, str] | None = None, flow_run: str | None = None) -> Iterator[Run]:
    """Open the parent run of a retrain: the one of the same outputs if there is one, else a new one.

    Args:
        layout: The repository and the problem; its stages have run, dvc.lock says what they made.
        tags: Tags beside those of git and DVC.
        flow_run: Id of the Prefect flow run; the run lists every flow run that worked on it.

    Yields:
        The run; it is finished when the block ends and failed when the block fails.

    Raises:
        UserError: The store does not answer, or nothing has been run.
    """
    key, lineage = retrain_key(layout), lineage_tags(layout)
    client, uri = open_mlflow(layout.root), tracking_uri(layout.root)
    with store_errors(uri):
        experiment = _experiment(client, layout)
        short = lineage.get("dvc.collect", "")[:6]
        # the date first: the UI's list of runs cuts names after some 18 letters
        name = time.strftime("%Y-%m-%d %H:%M") + (f" · data {short}" if short else "")
        source = {SOURCE_NAME_TAG: f"heelstrike retrain {layout.problem}", SOURCE_TYPE_TAG: "LOCAL"}
        fixed = {RETRAIN_TAG: key, PART_TAG: "retrain", USER_TAG: _user(), **source}
        with _open(client, uri, experiment, name, fixed) as run:
            before = client.get_run(run.run_id).data.tags.get(FLOW_RUN_TAG, "")
            flows = dict.fromkeys([*filter(None, before.split(", ")), *filter(None, [flow_run])])
            run.set_tags({**lineage, **(tags or {}), **({FLOW_RUN_TAG: ", ".join(flows)} if flows else {})})
            yield run


def grid_run(layout: Layout, grid: str, key: str) -> AbstractContextManager[Run]:
    """Open the parent run of a grid's rows, or find it again; it stands beside the problem's retrains.

    Args:
        layout: The repository and the problem.
        grid: The grid's name, which becomes the run's.
        key: What makes two runs of a grid the same one: a digest of its data and scale.

    Raises:
        UserError: The store does not answer.
    """
    return _parent(layout, f"grid {grid}", f"grid-{grid}", f"heelstrike grid run {grid}", key)


def crossval_run(layout: Layout, name: str, key: str) -> AbstractContextManager[Run]:
    """Open the parent run of a cross-validation's folds, or find it again; see `grid_run`."""
    return _parent(layout, f"crossval {name}", f"crossval-{name}", f"heelstrike crossval {layout.problem}", key)


@contextmanager
def _parent(layout: Layout, name: str, part: str, command: str, key: str) -> Iterator[Run]:
    client, uri = open_mlflow(layout.root), tracking_uri(layout.root)
    with store_errors(uri):
        source = {SOURCE_NAME_TAG: command, SOURCE_TYPE_TAG: "LOCAL"}
        fixed = {RETRAIN_TAG: key, PART_TAG: part, USER_TAG: _user(), **source}
        with _open(client, uri, _experiment(client, layout), name, fixed) as run:
            run.set_tags(git_tags(layout.root))
            yield run


@contextmanager
def _open(client: "MlflowClient", uri: str, experiment: str, name: str, tags: dict[str, str]) -> Iterator[Run]:
    found = _find(client, experiment, tags)
    done = found is not None and found.info.status not in ("RUNNING", "SCHEDULED", "FAILED")
    if found is None:
        found = client.create_run(experiment, run_name=name, tags=tags)
    elif not done:
        client.update_run(found.info.run_id, status="RUNNING")
    run = Run(client, uri, experiment, found.info.run_id, tags[RETRAIN_TAG], found.info.start_time, done)
    try:
        yield run
    except BaseException:
        if not done:  # what had been finished stays finished
            client.set_terminated(run.run_id, "FAILED")
        raise
    if not done and client.get_run(run.run_id).info.status == "RUNNING":
        client.set_terminated(run.run_id, "FINISHED")


def _find(client: "MlflowClient", experiment: str, tags: Mapping[str, str]) -> "MlflowRun | None":
    query = f"tags.`{RETRAIN_TAG}` = '{tags[RETRAIN_TAG]}' and tags.`{PART_TAG}` = '{tags[PART_TAG]}'"
    found = client.search_runs([experiment], query, order_by=["attributes.start_time ASC"], max_results=1)
    return found[0] if found else None


def _experiment(client: "MlflowClient", layout: Layout) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(layout.problem)
    if found is None:
        location = _artifact_root(layout.root)
        try:
            # the tag makes the UI open on runs and models instead of chats and prompts
            tags = {EXPERIMENT_KIND_TAG: "custom_model_development"}
            return client.create_experiment(layout.problem, location and f"{location}/{layout.problem}", tags)
        except MlflowException:  # another process made it a moment ago
            found = client.get_experiment_by_name(layout.problem)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _artifact_root(root: Path) -> str | None:
    """Where files of runs and models go: HEELSTRIKE_ARTIFACTS, else `mlartifacts`; None where a server decides it."""
    if is_server(tracking_uri(root)):
        return None
    return os.environ.get("HEELSTRIKE_ARTIFACTS") or (root.resolve() / "mlartifacts").as_uri()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
