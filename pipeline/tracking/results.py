"""Logging of the stages' results into a retrain's run: data, validation, settings, history, metrics, figures."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from pipeline.layout import Layout
from pipeline.scoring.score import SCORES, Score, read_scores
from pipeline.splits import SPLITS
from pipeline.tracking.lineage import output_hashes
from pipeline.tracking.run import Run
from pipeline.tracking.tags import STARTED_FROM_TAG

MORE = "more"
"""First part of the names of all metrics but the headline ones, which are listed before them."""

_DATA_STAGES = ("collect", "split", "prepare")


def log_dataset(layout: Layout, run: Run) -> None:
    """Log the data of the run: labelled frames, their splits and the arrays, each with its DVC digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    hashes = output_hashes(layout)
    profile = json.dumps({f"{name}_images": count for name, count in split_sizes(layout).items()})
    inputs = []
    for stage in _DATA_STAGES:
        path = layout.out(stage).relative_to(layout.root).as_posix()
        if path not in hashes:
            continue
        source = json.dumps({"path": path, "get": f"dvc pull {path}"})
        # an `.md5.dir` of DVC has 36 characters, the most that MLflow takes
        data = Dataset(f"{layout.problem}/{stage}", hashes[path], "dvc", source, profile=profile)
        inputs.append(DatasetInput(data, [InputTag("mlflow.data.context", stage)]))
    run.client.log_inputs(run.run_id, datasets=inputs)


def log_training(layout: Layout, run: Run) -> None:
    """Log the results of the train stage."""
    log_trained(layout.out("train"), run)


def log_trained(folder: Path, run: Run) -> None:
    """Log the settings as params, history.csv as metrics, and the model that the training started from as a tag."""
    settings = read_json(folder / "settings.json")
    run.log_params(dict(flat({part: settings[part] for part in ("model", "train", "augment") if part in settings})))
    with _open(folder / "history.csv") as stream:
        rows = [history_row(row) for row in csv.DictReader(stream)]
    run.log_missing(rows)
    if (folder / "summary.json").is_file() and (start := read_json(folder / "summary.json").get("init_from")):
        run.set_tags({STARTED_FROM_TAG: start["started_from"]})
    for name in ("settings.json", "history.csv", "summary.json"):
        if (folder / name).is_file():
            run.client.log_artifact(run.run_id, str(folder / name), "train")


def log_validation(layout: Layout, run: Run) -> None:
    """Log the validation's files as artifacts, and its numbers of errors and warnings as metrics."""
    folder = layout.out("validate")
    _log_folder(run, folder, "validation")
    for path in sorted(folder.glob("*.json")):
        counts = {k: v for k, v in numbers(read_json(path)) if k in ("errors", "warnings")}
        run.log_metrics([{f"{MORE}/validation/{name}": count for name, count in counts.items()}])


def log_evaluation(layout: Layout, run: Run) -> None:
    """Log the headline scores, all test metrics, and the report, figures and overlay sheets as files."""
    folder = layout.out("evaluate")
    run.log_metrics([{name: score.value for name, score in headlines(read_scores(folder / SCORES)).items()}])
    run.log_metrics([{f"{MORE}/test/{name}": value for name, value in numbers(read_metrics(layout))}])
    _log_folder(run, folder, "evaluation")


def headlines(scores: list[Score]) -> dict[str, Score]:
    """Return the headline scores by the name of their metric, which has the score's place in front: `1_rmse_px`."""
    return {f"{place}_{score.metric.rpartition('/')[2]}": score for place, score in enumerate(scores, start=1)}


def read_metrics(layout: Layout) -> dict[str, Any]:
    """Read metrics.json.

    Raises:
        UserError: The file is missing or not valid JSON.
    """
    metrics: dict[str, Any] = read_json(layout.out("evaluate").parent / "metrics.json")
    return metrics


def numbers(nested: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the finite numbers of nested metrics, each with its path; MLflow groups charts by the slashes in it.

    Numbers of single slices are left out, since there are hundreds; the report has them.
    """
    for path, value in flat({key: value for key, value in nested.items() if key != "slices"}, "/"):
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf"):
            yield path, float(value)


def split_sizes(layout: Layout) -> dict[str, int]:
    """Return the number of images of each split that has been made."""
    sizes: dict[str, int] = {}
    for name in SPLITS:
        path = layout.out("split") / f"{name}.json"
        if path.is_file():
            sizes[name] = len(read_json(path)["images"])
    return sizes


def history_row(row: Mapping[str, Any]) -> dict[str, float]:
    """Return a row of history.csv as metrics: `val_rmse_px` becomes more/val/rmse_px, NAME more/train/NAME."""
    values = {}
    for name, text in row.items():
        if name == "epoch":  # MLflow has it as the step
            continue
        try:
            value = float(text)
        except (TypeError, ValueError):
            continue  # a column of words, or a metric that this epoch does not have
        values[f"{MORE}/val/{name[4:]}" if name.startswith("val_") else f"{MORE}/train/{name}"] = value
    return values


def _log_folder(run: Run, folder: Path, name: str) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder}: not there; run the {folder.name} stage first")
    run.client.log_artifacts(run.run_id, str(folder), name)


def flat(nested: Mapping[str, Any], joint: str = ".") -> Iterator[tuple[str, Any]]:
    """Yield nested values, each with the path of its keys; a list is one value, as JSON."""
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}{joint}{path}", inner) for path, inner in flat(value, joint))
        else:
            yield str(key), json.dumps(value) if isinstance(value, list) else value


def read_json(path: Path) -> Any:
    """Read a stage's JSON file.

    Raises:
        UserError: The file is missing or not valid JSON.
    """
    with _open(path) as stream:
        try:
            return json.load(stream)
        except ValueError as error:
            raise UserError(f"{path}: not valid JSON ({error}); run the {path.parent.name} stage again") from error


def _open(path: Path) -> Any:
    try:
        return path.open(newline="")
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run the stages first") from None
