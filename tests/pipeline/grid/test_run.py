"""A grid run on images: every row trained and judged once, failures recorded, nothing done twice."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.progress import Event
from heelstrike.registry.database import open_mlflow
from pipeline.grid import run as running
from pipeline.grid.data import data_digest, prepared
from pipeline.grid.definition import load_definition
from pipeline.grid.report import write_report
from pipeline.grid.row import Scale
from pipeline.grid.run import Places, run_grid
from pipeline.layout import Layout
from pipeline.params import ProblemParams

SMALL = Scale(budget=0.5)


class RecordingWatch:
    """A `Watch` that records what it is told."""

    def __init__(self) -> None:
        self.again: dict[str, bool] = {}
        self.labels: set[str] = set()

    def start(self, row: str) -> None:
        self.now = row

    def event(self, row: str, event: Event) -> None:
        assert row == self.now
        self.labels.add(event["label"])

    def finish(self, row: str, result: dict[str, Any], again: bool) -> None:
        self.again[row] = again


def run(
    grid: str, params: ProblemParams, layout: Layout, scale: Scale = SMALL, only: str = ""
) -> tuple[Any, RecordingWatch]:
    watch = RecordingWatch()
    return run_grid(load_definition(grid), params, layout, scale, only, watch), watch


def mlflow_runs(layout: Layout) -> dict[str, Any]:
    client = open_mlflow(layout.root)
    experiment = client.get_experiment_by_name("discs")
    runs = client.search_runs([experiment.experiment_id])
    names = [run.info.run_name for run in runs]
    assert len(names) == len(set(names))
    return {run.info.run_name: run for run in runs}


def error_of_mean_pose(layout: Layout) -> float:
    """The mean RMSE of the test images if the mean of the training points is the answer, from the labels themselves."""
    train, test = (
        np.array([label["keypoints"] for label in coco["annotations"]], float).reshape(-1, 2, 3)[..., :2]
        for coco in (json.loads((layout.out("split") / f"{split}.json").read_text()) for split in ("train", "test"))
    )
    squares = ((train.mean(axis=0) - test) / 2) ** 2  # images of 96 x 64 pixels at 48 x 32
    return float(np.sqrt(squares.mean(axis=(1, 2))).mean())


def test_rows_are_run_once_logged_and_tabled(grid: Callable[..., str], params: ProblemParams, layout: Layout) -> None:
    path = grid()
    results, watch = run(path, params, layout)
    places = Places(layout, "toy")
    assert watch.again == {"a": False, "b": False, "c": False}
    assert "train" in watch.labels
    for name in "abc":
        result = json.loads(places.result(name).read_text())
        assert result == results[name]
        assert (result["state"], result["epochs"], result["budget"]) == ("finished", 2, 0.5)
        assert 0 < result["metrics"]["keypoints"]["image_rmse_px"] <= result["metrics"]["keypoints"]["rmse_px"]
        assert result["mean_label"].keys() == {"keypoints", "box"}
        assert result["mean_label"]["keypoints"]["image_rmse_px"] == pytest.approx(error_of_mean_pose(layout), rel=1e-4)
        assert {p.name for p in places.trained(name).iterdir()} == {
            "weights.safetensors", "settings.json", "history.csv", "per_image.parquet",
        }  # fmt: skip

    again, watch = run(path, params, layout)
    assert again == results
    assert watch.again == {"a": True, "b": True, "c": True}
    runs = mlflow_runs(layout)
    assert set(runs) == {"grid toy", "a", "b", "c"}
    assert runs["a"].data.metrics["more/test/keypoints/rmse_px"] == pytest.approx(
        results["a"]["metrics"]["keypoints"]["rmse_px"]
    )
    assert runs["b"].data.params["model.name"] == "multihead"
    assert runs["b"].data.tags["mlflow.parentRunId"] == runs["grid toy"].info.run_id

    report = write_report(load_definition(path), places)
    text = (places.reports / "tables.md").read_text()
    assert "Budget (share of the epochs): 0.5." in text
    assert "Spearman" in text
    assert "Kendall" in text
    assert {p.name for p in report.files} == {"tables.md", "tables.csv", "tables.png"}


def test_a_changed_row_is_run_again_and_the_others_are_not(
    grid: Callable[..., str], params: ProblemParams, layout: Layout
) -> None:
    path = grid()
    run(path, params, layout, only="a,b")
    b = {"name": "b", "table": "points", "base": "head", "settings": {"train": {"lr": 0.001}}}
    rows = [{"name": "a", "table": "points", "what": "told otherwise"}, b]
    _, watch = run(grid(rows=rows), params, layout)
    assert watch.again == {"a": True, "b": False}
    (layout.out("collect") / "images" / "00.png").write_bytes(
        (layout.out("collect") / "images" / "01.png").read_bytes() + b"\0"
    )
    _, watch = run(grid(rows=rows), params, layout, only="a")
    assert watch.again == {"a": False}, "the data has changed"


def test_a_setting_that_stands_in_two_tables_is_trained_once(
    grid: Callable[..., str], params: ProblemParams, layout: Layout
) -> None:
    rows = [{"name": "a", "table": "points"}, {"name": "twin", "table": "points"}]
    results, watch = run(grid(rows=rows), params, layout)
    places = Places(layout, "toy")
    assert watch.again == {"a": False, "twin": False}
    assert results["twin"] == results["a"] | {"row": "twin", "same_as": "a"}
    assert (places.trained("twin") / "per_image.parquet").is_file()
    assert set(mlflow_runs(layout)) == {"grid toy", "a", "twin"}
    _, watch = run(grid(rows=rows), params, layout)
    assert watch.again == {"a": True, "twin": True}


def test_a_failed_row_is_recorded_and_the_rest_goes_on(
    grid: Callable[..., str], params: ProblemParams, layout: Layout
) -> None:
    rows = [
        {"name": "wild", "table": "points", "settings": {"train": {"lr": 1e30, "gradient_clip": 0}}},
        {"name": "empty", "table": "points", "train_on": {"tone": ["green"]}},
        {"name": "good", "table": "points", "train_on": {"tone": ["dark"]}},
    ]
    path = grid(rows=rows)
    results, _ = run(path, params, layout, Scale(budget=0.25, images=6))
    assert [results[name]["state"] for name in ("wild", "empty", "good")] == ["failed", "failed", "finished"]
    assert "diverged" in results["wild"]["message"]
    assert "leaves no training image" in results["empty"]["message"]
    assert results["good"]["train_images"] == 6
    assert mlflow_runs(layout)["wild"].info.status == "FAILED"
    report = write_report(load_definition(path), Places(layout, "toy"))
    assert "wild (failed: training diverged" in (Places(layout, "toy").reports / "tables.md").read_text()
    assert report.tables[0].missing[0].startswith("wild")
    _, watch = run(path, params, layout, Scale(budget=0.25, images=6))
    assert watch.again == {"wild": False, "empty": False, "good": True}, "what failed is tried again"


def test_two_runs_at_once_train_each_row_once(
    grid: Callable[..., str], params: ProblemParams, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, trained, whole = grid(), [], running.run_row

    def counted(planned: Any, *rest: Any) -> Any:
        trained.append(planned.name)
        return whole(planned, *rest)

    monkeypatch.setattr(running, "run_row", counted)
    with ThreadPoolExecutor(2) as pool:
        (one, _), (other, _) = pool.map(lambda _: run(path, params, layout), range(2))
    assert sorted(trained) == ["a", "b", "c"]
    assert one == other
    assert set(mlflow_runs(layout)) == {"grid toy", "a", "b", "c"}


def test_an_interrupted_run_goes_on(
    grid: Callable[..., str], params: ProblemParams, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = running.run_row

    def interrupted(planned: Any, *rest: Any) -> Any:
        if planned.name == "b":
            raise KeyboardInterrupt
        return whole(planned, *rest)

    monkeypatch.setattr(running, "run_row", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(grid(), params, layout)
    monkeypatch.setattr(running, "run_row", whole)
    _, watch = run(grid(), params, layout)
    assert watch.again == {"a": True, "b": False, "c": False}


def test_without_data_it_says_what_to_run(grid: Callable[..., str], params: ProblemParams, layout: Layout) -> None:
    shutil.rmtree(layout.out("split"))
    with pytest.raises(UserError, match="run `dvc repro` first"):
        run(grid(), params, layout)


def test_boxes_and_pixels_are_those_of_the_row(params: ProblemParams, layout: Layout) -> None:
    digest = data_digest(layout)
    section = params.model_dump(mode="json", by_alias=True)
    section["collect"]["box_buffer_px"] = 0
    section["prepare"] = {"filters": [{"name": "grayscale"}]}
    tight = ProblemParams.model_validate(section)
    wide, narrow = prepared(params, layout, digest), prepared(tight, layout, digest)
    assert prepared(params, layout, digest) == wide != narrow
    boxes = [np.load(one.out("prepare") / "train" / "boxes.npy") for one in (wide, narrow)]
    points = np.load(narrow.out("prepare") / "train" / "keypoints.npy")
    np.testing.assert_allclose(boxes[1][:, :2], points.min(axis=1), atol=1e-4)
    np.testing.assert_allclose(boxes[0][:, 2:] - boxes[1][:, 2:], 4.0, atol=1e-3)  # 4 px each side, at half scale
    gray = np.load(narrow.out("prepare") / "train" / "images.npy")
    assert (gray[..., 0] == gray[..., 2]).all()
