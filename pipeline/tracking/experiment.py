"""The MLflow experiment of a problem, which holds its retrains, grids and cross-validations."""

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

from heelstrike.registry.moved import ARTIFACTS, FIXED_PLACE_TAG
from heelstrike.stores import is_server, tracking_uri
from pipeline.layout import Layout
from pipeline.tracking.tags import EXPERIMENT_KIND_TAG

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def experiment_of(client: "MlflowClient", layout: Layout) -> str:
    """Return the id of the problem's experiment. A missing one is made, and a deleted one is restored."""
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(layout.problem)
    if experiment is None:
        location = _artifact_root(layout.root)
        try:
            # with this tag the UI opens on runs and models instead of chats and prompts
            tags = {EXPERIMENT_KIND_TAG: "custom_model_development"}
            if fixed := os.environ.get("HEELSTRIKE_ARTIFACTS"):
                tags[FIXED_PLACE_TAG] = fixed
            return str(client.create_experiment(layout.problem, location and f"{location}/{layout.problem}", tags))
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


def user() -> str:
    """Return the name of the user; `unknown` in a container whose user has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
