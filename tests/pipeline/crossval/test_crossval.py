"""Cross-validation on a toy: who is in which fold, and that pooled numbers are those of the answers."""

import json

import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from heelstrike.registry.database import open_mlflow
from pipeline.crossval.arrays import read_pool
from pipeline.crossval.folds import make_folds
from pipeline.crossval.report import write_report
from pipeline.crossval.run import Places, cross_validate, name_of
from pipeline.evaluate.summary import to_json
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.prepare.stage import run as prepare
from pipeline.splits import SPLITS
from tests.pipeline.grid.conftest import SECTION, layout  # noqa: F401 - 16 train, 8 val, 8 test; four images a subject
from tests.pipeline.grid.test_run import RecordingWatch


@pytest.fixture
def params() -> ProblemParams:
    section = SECTION | {
        "train": SECTION["train"] | {"steps": [{"heads": ["box", "keypoints"], "epochs": 1}]},
        "split": {"near_duplicate_bits": None, "val": 0.2},
    }
    return parse_params({"problems": ["discs"], "discs": section})["discs"]


@pytest.fixture
def prepared(layout: Layout, params: ProblemParams) -> Layout:  # noqa: F811
    prepare(params, layout)
    test = layout.out("prepare") / "test"
    for path in test.iterdir():
        path.unlink()
    test.rmdir()
    test.write_text("not a folder: opening the test split fails")
    return layout


@pytest.mark.parametrize("count", [3, 6, 0])
def test_every_subject_is_judged_once_and_by_nobody_who_knows_it(
    prepared: Layout, params: ProblemParams, count: int
) -> None:
    subjects = {f"s{n}" for n in range(6)}  # s6 and s7 are the test split
    folds = make_folds(params, prepared, subjects, count)
    assert len(folds) == (count or 6)
    assert sorted(s for fold in folds for s in fold.judged) == sorted(subjects)
    for fold in folds:
        parts = (fold.judged, fold.chosen_by, fold.learned)
        assert sorted(s for part in parts for s in part) == sorted(subjects)
        assert all(parts)
        assert len(fold.chosen_by) == len(fold.judged)  # a fifth of the folds, rounded: one


def test_too_few_folds_or_subjects_are_a_message(prepared: Layout, params: ProblemParams) -> None:
    with pytest.raises(UserError, match="2 folds are too few: one is tested on, 1 choose the epoch"):
        make_folds(params, prepared, {"s0", "s1"}, 2)
    with pytest.raises(UserError, match="only 2 independent subjects"):
        make_folds(params, prepared, {"s0", "s1"}, 3)
    with pytest.raises(UserError, match="none can be left out"):
        make_folds(params, prepared, {"s0"}, 0)


def test_folds_are_trained_once_logged_and_pooled(prepared: Layout, params: ProblemParams) -> None:
    watch = RecordingWatch()
    validated = cross_validate(params, prepared, 3, watch)
    assert watch.again == {"fold-0": False, "fold-1": False, "fold-2": False}
    assert [result["train_images"] for result in validated.results] == [8, 8, 8]
    pooled = validated.pooled.metrics
    assert (pooled["images"]["count"], pooled["images"]["subjects"]) == (24, 6)
    # every image has both points labelled, so the pooled mean of squares is the mean of the folds'
    squares = [result["metrics"]["keypoints"]["mse_px2"] for result in validated.results]
    assert pooled["keypoints"]["mse_px2"] == pytest.approx(np.mean(squares), rel=1e-4)
    assert pooled["keypoints"]["rmse_px_low"] <= pooled["keypoints"]["rmse_px"] <= pooled["keypoints"]["rmse_px_high"]

    client = open_mlflow(prepared.root)
    runs = client.search_runs([client.get_experiment_by_name("discs").experiment_id])
    names = {run.info.run_name: run.data.tags for run in runs}
    assert set(names) == {"crossval 3-folds", "fold-0", "fold-1", "fold-2"}
    assert names["fold-1"]["mlflow.parentRunId"]

    files = write_report(validated, Places(prepared, "3-folds"))
    assert [path.name for path in files] == ["table.md", "table.json", "figure.png", "per_image.parquet"]
    text = files[0].read_text()
    assert "24 images of 6 subjects of train and val" in text
    assert "The test split was not used." in text
    assert "| keypoints.rmse_px | " in text
    written = json.loads(files[1].read_text())
    assert written["pooled"]["keypoints"]["mse_px2"] == pytest.approx(pooled["keypoints"]["mse_px2"], rel=1e-5)
    assert len(pd.read_parquet(files[3])) == 24
    assert not list((prepared.root / ".work" / "discs" / "crossval").iterdir())

    other = RecordingWatch()
    (prepared.root / "reports/discs/crossval/3-folds/folds/fold-2.json").unlink()
    again = cross_validate(params, prepared, 3, other)
    assert other.again == {"fold-0": True, "fold-1": True, "fold-2": False}
    assert to_json(again.pooled.metrics) == to_json(pooled)


def test_with_the_test_split_every_image_is_judged_once(layout: Layout, params: ProblemParams) -> None:  # noqa: F811
    prepare(params, layout)
    validated = cross_validate(params, layout, 3, RecordingWatch(), SPLITS)
    everyone = [f"s{n}" for n in range(8)]  # s6 and s7 are the test split
    assert sorted(subject for fold in validated.folds for subject in fold.judged) == everyone
    images = validated.pooled.metrics["images"]
    assert (images["count"], images["subjects"]) == (32, 8)
    places = Places(layout, name_of(3, SPLITS))
    text = write_report(validated, places)[0].read_text()
    assert places.name == "3-folds-with-test"
    assert "32 images of 8 subjects of train, val and test, each tested once" in text
    assert "settings chosen by these numbers have no test any more" in text


def test_the_pool_is_train_and_val_in_order(prepared: Layout) -> None:
    pool = read_pool(prepared)
    assert pool.subjects == {f"s{n}" for n in range(6)}
    assert {len(array) for array in pool.arrays.values()} == {24}
    assert pool.rows(("s4",)).tolist() == [16, 17, 18, 19]


def test_without_prepared_data_it_says_what_to_run(layout: Layout, params: ProblemParams) -> None:  # noqa: F811
    with pytest.raises(UserError, match=r"does not exist; run `dvc repro prepare@discs` first"):
        cross_validate(params, layout, 3, RecordingWatch())
