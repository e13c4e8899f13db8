"""The stage as a whole: its files, their numbers, equal bytes on a second run, and bad input."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.evaluate.calibrate import fit_radii
from pipeline.evaluate.judge import judge
from pipeline.evaluate.stage import run
from pipeline.evaluate.summary import to_json
from pipeline.layout import Layout
from pipeline.models.build import load_trained
from pipeline.models.inference import predict_arrays
from pipeline.params import ProblemParams
from tests.pipeline.evaluate.conftest import MOUSE, make_project, params_of

Project = tuple[ProblemParams, Layout]


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def metrics_of(layout: Layout) -> dict:
    return json.loads((layout.root / "reports/p/metrics.json").read_text())


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, make_rearfoot: Callable[[Path], Project]) -> Layout:
    """Evaluated once; the tests that use it only read."""
    params, layout = make_rearfoot(tmp_path_factory.mktemp("evaluated"))
    run(params, layout)
    return layout


def test_files_and_numbers(evaluated: Layout) -> None:
    reports = evaluated.root / "reports" / "p"
    assert sorted(digests(reports)) == [
        "evaluate/cases.npz",
        *(f"evaluate/figures/{n}.png" for n in ("agreement", "boxes", "confidence", "error_cdf", "keypoints")),
        *(f"evaluate/figures/{n}.png" for n in ("overlay_sheet", "radius", "slices", "training")),
        "evaluate/per_image.parquet",
        "evaluate/radii.json",
        "evaluate/report.html",
        "evaluate/scores.json",
        "evaluate/slices.csv",
        "evaluate/temporal.json",
        "metrics.json",
        "plots/error_cdf.csv",
        "plots/training.csv",
    ]
    metrics = metrics_of(evaluated)
    assert set(metrics) == {
        *("angle", "angle_half_width", "bands", "box", "box_original", "images", "keypoints", "keypoints_original"),
        *("presence", "radius", "slices"),
    }
    prepared = evaluated.out("prepare") / "test"
    network = load_trained(evaluated.out("train"))
    predicted = predict_arrays(network, np.load(prepared / "images.npy"))["keypoints"].astype(float)
    rmse = np.sqrt(np.mean((predicted - np.load(prepared / "keypoints.npy")) ** 2))
    assert metrics["keypoints"]["rmse_px"] == pytest.approx(rmse, rel=1e-5)
    # 120 x 90 pixels were scaled to 64 x 48
    assert metrics["keypoints_original"]["rmse_px"] == pytest.approx(rmse * 120 / 64, rel=1e-5)
    low, high = metrics["keypoints"]["rmse_px_low"], metrics["keypoints"]["rmse_px_high"]
    assert low <= metrics["keypoints"]["rmse_px"] <= high
    images = pd.read_parquet(reports / "evaluate/per_image.parquet")
    assert len(images) == 24 and {"left_deg", "left_true_deg", "not_measured", "slice_tone"} <= set(images.columns)
    assert np.sqrt(np.mean(images["rmse_px"] ** 2)) == pytest.approx(rmse, rel=1e-5)
    assert metrics["angle"]["measured_share"] == pytest.approx(images["not_measured"].isna().mean(), abs=1e-5)
    slices = pd.read_csv(reports / "evaluate/slices.csv")
    assert slices["slice"].tolist() == ["all"] + ["subject"] * 4 + ["tone"] * 2
    assert metrics["slices"]["tone"]["VI"]["images"] == 12


def test_the_same_inputs_give_the_same_bytes_wherever_they_lie(
    evaluated: Layout, rearfoot_project: Layout, rearfoot: ProblemParams
) -> None:
    run(rearfoot, rearfoot_project)
    assert digests(rearfoot_project.root / "reports") == digests(evaluated.root / "reports")


def test_a_problem_that_measures_nothing_with_missing_points(mouse_project: Layout, mouse: ProblemParams) -> None:
    run(mouse, mouse_project)
    metrics = metrics_of(mouse_project)
    assert "angle" not in metrics
    assert metrics["images"]["missing_points"] > 50
    assert 0 <= metrics["presence"]["auroc"] <= 1
    out = mouse_project.out("evaluate")
    assert not (out / "figures/agreement.png").exists()
    assert len([c for c in pd.read_parquet(out / "per_image.parquet").columns if c.endswith("_distance_px")]) == 17


@pytest.mark.parametrize(
    ("name", "groups", "figures"),
    [
        ("localization", {"box", "box_original"}, {"boxes"}),
        (
            "regression",
            {"bands", "keypoints", "keypoints_original", "presence", "radius"},
            {"confidence", "error_cdf", "keypoints", "radius"},
        ),
    ],
)
def test_a_network_without_the_other_head(tmp_path: Path, name: str, groups: set[str], figures: set[str]) -> None:
    model = {"name": name, "backbone": {"name": "stack", "channels": [4, 4]}, "hidden": 4}
    heads = ["box"] if name == "localization" else ["keypoints"]
    params = params_of(MOUSE | {"model": model, "train": {"steps": [{"heads": heads, "epochs": 1}]}})
    layout = make_project(tmp_path, params)
    run(params, layout)
    assert set(metrics_of(layout)) == {"images", "slices", *groups}
    out = layout.out("evaluate")
    assert {p.stem for p in (out / "figures").iterdir()} == {"overlay_sheet", "slices", "training", *figures}
    assert "nan" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", (out / "report.html").read_text())
    assert len(pd.read_csv(out.parent / "plots/training.csv")) == 3


def test_an_image_without_any_label_is_counted_and_left_out(mouse_project: Layout, mouse: ProblemParams) -> None:
    prepared = mouse_project.out("prepare") / "test"
    visibility, keypoints = np.load(prepared / "visibility.npy"), np.load(prepared / "keypoints.npy")
    visibility[3], keypoints[3] = 0, np.nan
    np.save(prepared / "visibility.npy", visibility)
    np.save(prepared / "keypoints.npy", keypoints)
    run(mouse, mouse_project)
    assert metrics_of(mouse_project)["images"]["without_labelled_point"] == 1
    report = (mouse_project.out("evaluate") / "report.html").read_text()
    assert "1 of 24 images have no labelled point" in report


def test_the_report_stands_alone(evaluated: Layout) -> None:
    report = (evaluated.out("evaluate") / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", report)
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", report)
    assert report.count("data:image/png;base64,") == 9
    assert str(evaluated.root) not in report
    assert "24 images of 4 subjects" in report and "rear-foot angle" in report and "NMAE" in report


def test_plots_for_dvc(evaluated: Layout) -> None:
    plots = evaluated.root / "reports/p/plots"
    with (plots / "error_cdf.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 101
    images = pd.read_parquet(evaluated.out("evaluate") / "per_image.parquet")
    assert float(rows[50]["error_px"]) == pytest.approx(images["rmse_original_px"].median(), rel=1e-4)
    assert pd.read_csv(plots / "training.csv").to_dict("list") == {"epoch": [1, 2, 3], "val_error_px": [9.0, 8.0, 8.5]}


def test_four_subjects_promise_no_radius_and_the_report_says_so(evaluated: Layout) -> None:
    radii = json.loads((evaluated.out("evaluate") / "radii.json").read_text())
    assert radii["subjects"] == 4 and set(radii["factors"]) == {None}
    found = metrics_of(evaluated)["radius"]
    assert (found["promised"], found["coverage"], found["unlimited_share"]) == (0.9, 1, 1)
    assert found["mean_px"] is None
    report = (evaluated.out("evaluate") / "report.html").read_text()
    assert "100 % of the points have no radius: the validation split has too few subjects" in report


def test_without_coverage_there_are_no_radii_and_all_other_numbers_stay(
    evaluated: Layout, rearfoot: ProblemParams
) -> None:
    network = load_trained(evaluated.out("train"))
    without = rearfoot.model_copy(update={"evaluate": rearfoot.evaluate.model_copy(update={"coverage": None})})
    assert fit_radii(network, without, evaluated) is None
    others = json.loads(json.dumps(to_json(judge(network, without, evaluated).metrics)))
    gone = ("radius", "angle_half_width", "slices")
    assert others == {name: group for name, group in metrics_of(evaluated).items() if name not in gone}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("models/p/train/weights.safetensors", "run the train stage"),
        ("models/p/train/history.csv", "run the train stage"),
        ("data/p/prepare/test/letterbox.npy", "run the prepare stage"),
        ("data/p/prepare/val/keypoints.npy", "run the prepare stage"),
        ("data/p/split/test.json", "run the split stage"),
        ("data/p/collect/images/v0.mp4/000000.png", "run the collect stage"),
    ],
)
def test_a_missing_input_is_named_and_nothing_is_written(
    rearfoot_project: Layout, rearfoot: ProblemParams, path: str, said: str
) -> None:
    (rearfoot_project.root / path).unlink()
    if "collect" in path:  # any image may be on the sheet
        for image in (rearfoot_project.out("collect") / "images").rglob("*.png"):
            image.unlink()
    with pytest.raises(UserError, match=said):
        run(rearfoot, rearfoot_project)
    assert [p for p in (rearfoot_project.root / "reports").rglob("*") if p.is_file()] == []


def test_a_failure_leaves_the_old_report(evaluated: Layout, rearfoot_project: Layout, rearfoot: ProblemParams) -> None:
    shutil.copytree(evaluated.root / "reports", rearfoot_project.root / "reports")
    before = digests(rearfoot_project.root / "reports")
    for image in (rearfoot_project.out("collect") / "images").rglob("*.png"):
        image.write_bytes(b"no image")
    with pytest.raises(UserError, match="missing or not an image"):
        run(rearfoot, rearfoot_project)
    assert digests(rearfoot_project.root / "reports") == before


def test_a_network_for_other_keypoints(rearfoot_project: Layout, mouse: ProblemParams) -> None:
    with pytest.raises(UserError, match="another `problem` section; run the train stage"):
        run(mouse, rearfoot_project)


def test_arrays_that_differ_in_length(rearfoot_project: Layout, rearfoot: ProblemParams) -> None:
    boxes = rearfoot_project.out("prepare") / "test/boxes.npy"
    np.save(boxes, np.load(boxes)[:5])
    with pytest.raises(UserError, match=r"'boxes': 5.*run the prepare stage again"):
        run(rearfoot, rearfoot_project)


def test_an_empty_test_split(rearfoot_project: Layout, rearfoot: ProblemParams) -> None:
    prepared = rearfoot_project.out("prepare") / "test"
    for path in prepared.glob("*.npy"):
        np.save(path, np.load(path)[:0])
    pd.read_parquet(prepared / "index.parquet").iloc[:0].to_parquet(prepared / "index.parquet")
    with pytest.raises(UserError, match="no image in it"):
        run(rearfoot, rearfoot_project)
