"""Settings that were good before: the champion's, and those of the best trials of earlier studies of the problem."""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelstrike.errors import first_line
from heelstrike.progress import print_line
from heelstrike.registry.database import DatabaseClient, open_mlflow, store_errors
from heelstrike.stores import tracking_uri
from pipeline.layout import Layout
from pipeline.search.space import Space
from pipeline.tracking.results import read_json
from pipeline.tracking.study import SEARCH
from pipeline.tracking.tags import PART_TAG

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

STUDIES, TRIALS, MOST = 5, 3, 6
"""The newest studies in MLflow that are read, the best trials of each, and the settings that are kept in all."""

Known = list[tuple[dict[str, Any], str]]


def known_settings(layout: Layout, space: Space) -> Known:
    """Return settings that a new study could try first, each once, with where they come from.

    First come the settings of the champion, then the best complete trials of the last study here, then of the newest
    studies in MLflow. Settings of architectures that the space lacks are left out, and so are values outside of it.

    Raises:
        UserError: The store does not answer.
    """
    known: Known = []
    with store_errors(tracking_uri(layout.root)):
        client = open_mlflow(layout.root)
        for model, values, origin in _found(layout, client):
            entry = space.entry(model, values)
            if entry and all(entry != other for other, _ in known):
                known.append((entry, origin))
    return known[:MOST]


def _found(layout: Layout, client: "MlflowClient") -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Yield settings of a network, other values by path, and where they come from."""
    yield from _of_champion(layout, client)
    if (last := layout.out("search") / "study.json").is_file():
        yield from _best(read_json(last), "the last study")
    experiment = client.get_experiment_by_name(layout.problem)
    if experiment is None:
        return
    query = f"tags.`{PART_TAG}` = '{SEARCH}' and attributes.status = 'FINISHED'"
    for run in client.search_runs(
        [experiment.experiment_id], query, order_by=["attributes.start_time DESC"], max_results=STUDIES
    ):
        origin = f"study {run.info.run_id[:8]} in MLflow"
        if study := _artifact(client, run.info.run_id, "search/study.json", origin):
            yield from _best(study, origin)


def _of_champion(layout: Layout, client: "MlflowClient") -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    number = DatabaseClient(client, tracking_uri(layout.root)).aliases(layout.problem).get("champion")
    if number is None:
        return
    version, origin = client.get_model_version(layout.problem, str(number)), f"champion, version {number}"
    if version.run_id and (settings := _artifact(client, version.run_id, "train/settings.json", origin)):
        values: dict[str, Any] = {part: settings[part] for part in ("train", "augment") if part in settings}
        yield settings["model"], _by_path(values), origin


def _best(study: dict[str, Any], origin: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    complete = [trial for trial in study["trials"] if trial["state"] == "complete" and trial["value"] is not None]
    candidates = study.get("candidates", {})
    for trial in sorted(complete, key=lambda trial: trial["value"])[:TRIALS]:
        params = dict(trial["params"])
        model = candidates.get(params.pop("architecture", next(iter(candidates), "")))
        if model is not None:
            yield model, params, f"trial {trial['number']} of {origin}"


def _by_path(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _by_path(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _artifact(client: "MlflowClient", run_id: str, path: str, origin: str) -> dict[str, Any] | None:
    """Return a JSON file of a run; `None`, and a line says so, if it cannot be fetched or is damaged."""
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            read: dict[str, Any] = json.loads(Path(client.download_artifacts(run_id, path, folder)).read_text())
            return read
        except (MlflowException, OSError, ValueError) as error:
            reason = first_line(str(error).strip() or type(error).__name__)
            print_line(f"search: {origin} is left out, since {path} cannot be read: {reason}", sys.stderr)
            return None
