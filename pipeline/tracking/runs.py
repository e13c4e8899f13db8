"""MLflow runs that can be found again: a retrain that was killed continues in the same run when it is started again."""

import getpass
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelstrike.registry.database import open_mlflow, store_errors
from heelstrike.registry.moved import ARTIFACTS, FIXED_PLACE_TAG
from heelstrike.stores import is_server, tracking_uri
from pipeline.layout import Layout
from pipeline.tracking.keys import key_of
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
        client: Client of the store.
        uri: Address of the store.
        experiment_id: MLflow's id of the problem's experiment.
        run_id: MLflow's id of the run.
        key: The retrain's key; every run of one retrain carries it.
        started_ms: Time when the run was first opened, in milliseconds since 1970. All its metrics have this time
            stamp, so that logging them again adds nothing.
        done: True if the run was finished before, so that nothing has to be logged again.
    """

    client: "MlflowClient"
    uri: str
    experiment_id: str
    run_id: str
    key: str
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

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; a tag that the run already has is overwritten."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    @contextmanager
    def child(self, name: str, part: str, tags: Mapping[str, str] | None = None) -> Iterator["Run"]:
        """Open a run nested below this one, or find it again.

        Args:
            name: Name of the run in the UI.
            part: Name by which the run is found again, unique within the retrain.
            tags: Additional tags.
        """
        nested = {RETRAIN_TAG: self.key, PART_TAG: part, PARENT_TAG: self.run_id, **(tags or {})}
        with _open(self.client, self.uri, self.experiment_id, name, nested) as run:
            yield run

    def end_as(self, status: str) -> None:
        """End the run with this status (FINISHED, KILLED, FAILED) before its block ends."""
        self.client.set_terminated(self.run_id, status)


@contextmanager
def retrain_run(layout: Layout, tags: Mapping[str, str] | None = None, flow_run: str | None = None) -> Iterator[Run]:
    """Open the parent run of a retrain: the run with the same outputs if there is one, else a new run.

    Args:
        layout: The repository and the problem, whose stages have run, so that dvc.lock lists their outputs.
        tags: Tags in addition to those of git and DVC.
        flow_run: Id of the Prefect flow run; the MLflow run lists every flow run that worked on it.

    Yields:
        The run. Its status becomes FINISHED when the block ends, and FAILED when the block raises.

    Raises:
        UserError: The store does not answer, or no stage has run.
    """
    key, lineage = retrain_key(layout), lineage_tags(layout)
    client, uri = open_mlflow(layout.root), tracking_uri(layout.root)
    with store_errors(uri):
        experiment = _experiment(client, layout)
        short = lineage.get("dvc.collect", "")[:6]
        # the date comes first, since the UI's list of runs cuts names after about 18 letters
        name = time.strftime("%Y-%m-%d %H:%M") + (f" · data {short}" if short else "")
        source = {SOURCE_NAME_TAG: f"heelstrike retrain {layout.problem}", SOURCE_TYPE_TAG: "LOCAL"}
        fixed = {RETRAIN_TAG: key, PART_TAG: "retrain", USER_TAG: _user(), **source}
        with _open(client, uri, experiment, name, fixed) as run:
            before = client.get_run(run.run_id).data.tags.get(FLOW_RUN_TAG, "")
            flows = dict.fromkeys([*filter(None, before.split(", ")), *filter(None, [flow_run])])
            run.set_tags({**lineage, **(tags or {}), **({FLOW_RUN_TAG: ", ".join(flows)} if flows else {})})
            yield run


def grid_run(layout: Layout, grid: str, key: str) -> AbstractContextManager[Run]:
    """Open the parent run of a grid's rows, or find it again. It is in the same experiment as the retrains.

    Args:
        layout: The repository and the problem.
        grid: The grid's name, which is part of the run's name.
        key: Digest of the grid's data and scale; two runs of a grid with the same key are the same one.

    Raises:
        UserError: The store does not answer.
    """
    return _parent(layout, f"grid {grid}", f"grid-{grid}", f"heelstrike grid run {grid}", key)


def crossval_run(layout: Layout, name: str, key: str) -> AbstractContextManager[Run]:
    """Open the parent run of a cross-validation's folds, or find it again (arguments as for `grid_run`)."""
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
    existing = _find(client, experiment, tags)
    done = existing is not None and existing.info.status not in ("RUNNING", "SCHEDULED", "FAILED")
    if existing is None:
        existing = client.create_run(experiment, run_name=name, tags=tags)
    elif not done:
        client.update_run(existing.info.run_id, status="RUNNING")
    run = Run(client, uri, experiment, existing.info.run_id, tags[RETRAIN_TAG], existing.info.start_time, done)
    try:
        yield run
    except BaseException:
        if not done:  # a run that was finished before stays finished
            client.set_terminated(run.run_id, "FAILED")
        raise
    if not done and client.get_run(run.run_id).info.status == "RUNNING":
        client.set_terminated(run.run_id, "FINISHED")


def _find(client: "MlflowClient", experiment: str, tags: Mapping[str, str]) -> "MlflowRun | None":
    query = f"tags.`{RETRAIN_TAG}` = '{tags[RETRAIN_TAG]}' and tags.`{PART_TAG}` = '{tags[PART_TAG]}'"
    runs = client.search_runs([experiment], query, order_by=["attributes.start_time ASC"], max_results=1)
    return runs[0] if runs else None


def _experiment(client: "MlflowClient", layout: Layout) -> str:
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(layout.problem)
    if experiment is None:
        location = _artifact_root(layout.root)
        try:
            # with this tag the UI opens on runs and models instead of chats and prompts
            tags = {EXPERIMENT_KIND_TAG: "custom_model_development"}
            if fixed := os.environ.get("HEELSTRIKE_ARTIFACTS"):
                tags[FIXED_PLACE_TAG] = fixed
            return client.create_experiment(layout.problem, location and f"{location}/{layout.problem}", tags)
        except MlflowException:  # another process may have made it a moment ago
            experiment = client.get_experiment_by_name(layout.problem)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


def _artifact_root(root: Path) -> str | None:
    """Return where artifacts are stored: HEELSTRIKE_ARTIFACTS, else `mlartifacts`; `None` if a server decides it."""
    if is_server(tracking_uri(root)):
        return None
    return os.environ.get("HEELSTRIKE_ARTIFACTS") or (root.resolve() / ARTIFACTS).as_uri()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, the user may have no name
        return "unknown"
