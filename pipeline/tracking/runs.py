"""The runs of an experiment that are no children: retrains, grids and cross-validations."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from heelstrike.registry.database import open_mlflow, store_errors
from heelstrike.stores import tracking_uri
from pipeline.layout import Layout
from pipeline.tracking.experiment import experiment_of, user
from pipeline.tracking.lineage import git_tags, lineage_tags, retrain_key
from pipeline.tracking.run import Run, ended, open_run, run_of
from pipeline.tracking.tags import (
    FLOW_RUN_TAG,
    PART_TAG,
    RETRAIN_TAG,
    SOURCE_NAME_TAG,
    SOURCE_TYPE_TAG,
    USER_TAG,
)

RETRAIN = "retrain"
"""The part of a retrain's own run."""


@contextmanager
def retrain_run(layout: Layout, flow_run: str | None = None) -> Iterator[Run]:
    """Open the run of a retrain whose stages have run: that with the same outputs if there is one, else a new one.

    Args:
        layout: The repository and the problem, whose stages have run, so that dvc.lock lists their outputs.
        flow_run: Id of the Prefect flow run; the MLflow run lists every flow run that worked on it.

    Yields:
        The run. Its status becomes FINISHED when the block ends, and FAILED when the block raises.

    Raises:
        UserError: The store does not answer, or no stage has run.
    """
    retrain_key(layout)  # without outputs there is nothing to log, and no run is made
    with store_errors(tracking_uri(layout.root)), ended(open_retrain(layout, "retrain")) as run:
        tie_to_data(layout, run, flow_run)
        yield run


def begin_retrain(layout: Layout, name: str) -> Run:
    """Make the run of a retrain whose stages have not run yet; the caller ends it."""
    client, uri = open_mlflow(layout.root), tracking_uri(layout.root)
    tags = {PART_TAG: RETRAIN, **_source(f"heelstrike retrain {layout.problem}")}
    return run_of(client, uri, client.create_run(experiment_of(client, layout), run_name=name, tags=tags))


def open_retrain(layout: Layout, name: str) -> Run:
    """Return the run of the retrain that made the present outputs, or a new one with this name; the caller ends it."""
    return _open_parent(layout, name, RETRAIN, f"heelstrike retrain {layout.problem}", retrain_key(layout))


def tie_to_data(layout: Layout, run: Run, flow_run: str | None) -> None:
    """Record key, commit and hashes of the present outputs, and the flow run that made them, as tags of the run."""
    before = run.client.get_run(run.run_id).data.tags.get(FLOW_RUN_TAG, "")
    flows = dict.fromkeys([*filter(None, before.split(", ")), *filter(None, [flow_run])])
    worked = {FLOW_RUN_TAG: ", ".join(flows)} if flows else {}
    run.set_tags({RETRAIN_TAG: retrain_key(layout), **lineage_tags(layout), **worked})


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
    with store_errors(tracking_uri(layout.root)), ended(_open_parent(layout, name, part, command, key)) as run:
        run.set_tags(git_tags(layout.root))
        yield run


def _open_parent(layout: Layout, name: str, part: str, command: str, key: str) -> Run:
    client, uri = open_mlflow(layout.root), tracking_uri(layout.root)
    identity = {RETRAIN_TAG: key, PART_TAG: part}
    return open_run(client, uri, experiment_of(client, layout), name, identity, _source(command))


def _source(command: str) -> dict[str, str]:
    return {USER_TAG: user(), SOURCE_NAME_TAG: command, SOURCE_TYPE_TAG: "LOCAL"}
