"""Logging of the stages' results into a retrain's run: data, validation, settings, history, metrics, figures."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from pipeline.heads import HEADS
from pipeline.layout import Layout
from pipeline.markdown import table_row
from pipeline.package.disturbed.result import DISTURBED, read_disturbed
from pipeline.scoring.format import number
from pipeline.scoring.score import SCORES, read_scores
from pipeline.splits import SPLITS
from pipeline.tracking.lineage import output_hashes
from pipeline.tracking.runs import Run
from pipeline.tracking.tags import NOTE_TAG, STARTED_FROM_TAG

_DATA_STAGES = ("collect", "split", "prepare")


def log_dataset(layout: Layout, run: Run) -> None:
    """Log the data of the run: labelled frames, their splits and the arrays, each with its DVC digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    hashes = output_hashes(layout)
    profile = json.dumps({f"{name}_images": count for name, count in _split_sizes(layout).items()})
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
        rows = [_history_row(row) for row in csv.DictReader(stream)]
    run.log_metrics(rows)
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
        run.log_metrics([{f"validation/{k}": v for k, v in numbers(read_json(path)) if k in ("errors", "warnings")}])


def log_evaluation(layout: Layout, run: Run) -> None:
    """Log the test metrics, and the report, figures and overlay sheets as files."""
    metrics = read_json(_metrics_path(layout))
    run.log_metrics([{f"test/{name}": value for name, value in numbers(metrics)}])
    _log_folder(run, layout.out("evaluate"), "evaluation")
    run.set_tags({NOTE_TAG: _note(layout, metrics)})


def log_disturbed(layout: Layout, run: Run) -> None:
    """Log the shares of the disturbed check as metrics, its headline also as `disturbed_off_share`, and its files."""
    _log_folder(run, layout.report("disturbed"), "disturbed")
    result = read_disturbed(layout.report("disturbed") / DISTURBED)
    if result is not None:
        shares = {f"disturbed/{name}": value for name, value in result.numbers.items()}
        headline = {"disturbed_off_share": result.off_share} if math.isfinite(result.off_share) else {}
        run.log_metrics([headline | shares])


def numbers(nested: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the finite numbers of nested metrics, each with its path; MLflow groups charts by the slashes in it.

    Numbers of single slices are left out, since there are hundreds; the report has them.
    """
    for path, value in flat({key: value for key, value in nested.items() if key != "slices"}, "/"):
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf"):
            yield path, float(value)


def _metrics_path(layout: Layout) -> Path:
    return layout.out("evaluate").parent / "metrics.json"


def _note(layout: Layout, metrics: Mapping[str, Any]) -> str:
    """Return the run's description in the UI: the network, the data and the main results, as Markdown."""
    settings = read_json(layout.out("train") / "settings.json")
    sizes = ", ".join(f"{count} {name}" for name, count in _split_sizes(layout).items())
    model = ", ".join(f"{key} {value}" for key, value in settings["model"].items() if key != "name")
    headlines = {name for head in HEADS.values() for name in head.headlines}  # all are metrics of the run
    rows = [table_row(name, f"{value:.4g}") for name, value in numbers(metrics) if name.split("/")[-1] in headlines]
    scores = [
        table_row(f"test/{score.metric}", number(score.value, score.unit), f"{score.title}: {score.pooling}")
        for score in read_scores(layout.out("evaluate") / SCORES)
    ]
    lines = [
        f"**{layout.problem}**: network `{settings['model']['name']}` ({model}) on {sizes or 'unknown'} images.",
        "",
        "| headline number on the test split | | |",
        "| --- | --- | --- |",
        *scores,
        "",
        "| more | |",
        "| --- | --- |",
        *rows,
        "",
        "Report: artifact `evaluation/report.html`. Trials: the runs nested below. Model: see *Logged models*.",
    ]
    return "\n".join(lines)


def _split_sizes(layout: Layout) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name in SPLITS:
        path = layout.out("split") / f"{name}.json"
        if path.is_file():
            sizes[name] = len(read_json(path)["images"])
    return sizes


def _history_row(row: Mapping[str, str]) -> dict[str, float]:
    """Return a row of history.csv as metrics: `val_rmse_px` becomes val/rmse_px, any other NAME train/NAME."""
    values = {}
    for name, text in row.items():
        if name == "epoch":  # MLflow has it as the step
            continue
        try:
            value = float(text)
        except (TypeError, ValueError):
            continue  # a column of words, or a metric that this epoch does not have
        values[f"val/{name[4:]}" if name.startswith("val_") else f"train/{name}"] = value
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
