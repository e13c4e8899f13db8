"""A grid in MLflow: one run for the grid, and below it one run for each row, named after the row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.tracking.results import MORE, flat, log_trained, numbers
from pipeline.tracking.run import Run
from pipeline.tracking.tags import STARTED_FROM_TAG, STATE_TAG

_TAGS = ("table", STATE_TAG, "budget", "message", STARTED_FROM_TAG)  # keys of a row's result


def log_row(parent: Run, result: Mapping[str, Any], settings: Mapping[str, Any], folder: Path) -> None:
    """Log a row of a grid below the grid's run; a row that was logged with the same digest stays as it is.

    Args:
        parent: The grid's run.
        result: Content of the row's result file.
        settings: Settings of the row that settings.json lacks, such as filters and box buffer; they become params.
        folder: Folder of settings.json and history.csv, in which the row was trained.
    """
    name, digest = str(result["row"]), str(result["digest"])
    tags = {key: f"{result[key]}" for key in _TAGS if result.get(key)}
    with parent.child(name, f"row-{name}-{digest[:16]}") as run:
        if run.done:
            return
        run.set_tags({key: value[:4000] for key, value in tags.items()})
        run.log_params(dict(flat(settings)))
        if result["state"] != "finished":
            run.end_as("FAILED")
            return
        log_trained(folder, run)
        costs = {name: float(result[name]) for name in ("parameters", "train_seconds")}
        run.log_metrics([costs | {f"{MORE}/test/{path}": value for path, value in numbers(result["metrics"])}])
