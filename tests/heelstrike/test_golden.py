"""Every format version that was ever written is read. The files of tests/golden are never changed."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.measure.settings import FootprintSettings, RearfootSettings, ScanVolumeSettings
from heelstrike.package.manifest import read_manifest
from heelstrike.package.runtime import Package
from heelstrike.package.wire import FORMAT_VERSION as MANIFEST_VERSION
from heelstrike.predict.predictor import About, predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.results import FORMAT_VERSION, ExamResult, PredictionResult, read_result
from heelstrike.video.writer import write_video
from tests.packages import LEFT, RIGHT, SHARES

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MANIFESTS = range(2, MANIFEST_VERSION + 1)
RESULTS = range(1, FORMAT_VERSION + 1)


@pytest.mark.parametrize("version", MANIFESTS)
def test_package_loads_with_all_that_it_says(version: int) -> None:
    package = Package.load(GOLDEN / f"package-{version}", threads=1)
    manifest = package.manifest
    assert json.loads((GOLDEN / f"package-{version}/manifest.json").read_text())["format_version"] == version
    assert manifest.measure == RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT, max_uncertainty=3)
    assert [one.name for one in manifest.filters] == ["noise_reduction", "invert", "invert"]
    assert package.mirrors({"foot": "left"}) and not package.mirrors({"foot": "right"})
    assert manifest.heads == {"keypoints": ("keypoints", "confidence"), "box": ("box",)}
    assert manifest.radii is not None and manifest.radii.factors == (1, 1, 2, 1, 1, None)
    assert (manifest.quantised is not None) == (version >= 6)
    assert (manifest.max_radius_px, manifest.parity_px, manifest.confidence) == (40, 0.01, 0.5)
    prediction = package.predict(np.full((120, 160, 3), 48, np.uint8))
    assert prediction.keypoints is not None and prediction.confidence is not None
    np.testing.assert_allclose(prediction.keypoints, np.array(SHARES) * [160, 120], rtol=1e-5)
    np.testing.assert_allclose(prediction.confidence, 0.75)


@pytest.mark.parametrize("version", MANIFESTS)
def test_manifests_of_the_other_measures_are_read(version: int) -> None:
    footprint = read_manifest(GOLDEN / f"manifest-{version}-footprint").measure
    assert isinstance(footprint, FootprintSettings)
    assert (footprint.ink_on, footprint.heel, footprint.foot_length_mm) == ("dark", "heel", (80, 360))
    scout = read_manifest(GOLDEN / f"manifest-{version}-scout").measure
    assert isinstance(scout, ScanVolumeSettings)
    assert (scout.anterior, scout.margin_mm) == ("sagittal_ac", 10)


@pytest.mark.parametrize("version", MANIFESTS)
def test_package_measures_what_it_always_did(version: int, tmp_path: Path) -> None:
    """The video is encoded anew, so confidences may differ by what an encoder changes; places do not."""
    rng = np.random.default_rng(1)
    shades = [0 if n == 2 else 20 + 10 * n for n in range(5)]
    frames = (np.clip(rng.normal(shade, 3, (120, 160, 3)), 0, 255).astype(np.uint8) for shade in shades)
    write_video(tmp_path / "walk.mp4", frames, 25)
    package = Package.load(GOLDEN / f"package-{version}", threads=1)
    about = About(0.4, {"foot": "right"})
    predict_path(tmp_path / "walk.mp4", package, ModelReference("rearfoot/3", "3"), tmp_path, about=about)
    then, now = (read_result(folder / "walk.mp4.json") for folder in (GOLDEN / "prediction-1", tmp_path))
    assert isinstance(then, PredictionResult) and isinstance(now, PredictionResult)
    for old, new in zip(then.frames, now.frames, strict=True):
        assert (old.keypoints, old.box, old.missing, old.reliable) == (
            new.keypoints,
            new.box,
            new.missing,
            new.reliable,
        )
        assert old.measure is not None and new.measure is not None
        assert (old.measure.reason, old.measure.values) == (new.measure.reason, new.measure.values)
        np.testing.assert_allclose(old.confidence, new.confidence, atol=0.01)


@pytest.mark.parametrize("version", RESULTS)
def test_result_of_a_video_is_read(version: int) -> None:
    result = read_result(GOLDEN / f"prediction-{version}" / "walk.mp4.json")
    assert isinstance(result, PredictionResult)
    assert (result.format_version, result.min_reader, result.source.fps) == (version, 1, 25)
    assert (result.model.reference, result.radius_level, result.skeleton[0]) == ("rearfoot/3", 0.9, (0, 1))
    first, last = result.frames[0], result.frames[-1]
    assert first.measure is not None and last.measure is not None
    assert (first.measure.measured, first.measure.reason, first.reliable) == (False, "no_legs", True)
    assert last.measure.values == {"left": 3.814, "right": 3.814}
    assert last.measure.half_widths == {"left": 62.85, "right": None}
    assert last.measure.model_extra is not None and last.measure.model_extra["legs"]["left"]["direction"] == "eversion"
    assert last.radius == (5.773, 5.773, 11.545, 5.773, 5.773, None)
    assert last.keypoints is not None and last.keypoints[2] == (62.4, 96.0)
    assert last.doubts[0].startswith("radius of right_heel unknown")
    assert (result.summary.measured, result.summary.not_measured) == (2, {"no_legs": 3})
    assert result.summary.values is not None and result.summary.values["left"].median == 3.814


@pytest.mark.parametrize("version", RESULTS)
def test_columns_of_every_version_stand_first_in_the_next(version: int) -> None:
    with (GOLDEN / f"prediction-{version}" / "walk.mp4.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:4] == ["frame", "time_s", "left_deg", "right_deg"]
    with (GOLDEN / f"prediction-{max(RESULTS)}" / "walk.mp4.csv").open() as stream:
        newest = list(csv.DictReader(stream))
    assert list(newest[0])[: len(rows[0])] == list(rows[0])
    kept = set(rows[0]) - {"message"}  # a sentence for a person, which may be worded better
    assert [{name: row[name] for name in kept} for row in newest] == [
        {name: row[name] for name in kept} for row in rows
    ]


def test_radii_that_grow_with_the_enlargement_are_read() -> None:
    radii = read_manifest(GOLDEN / "package-5").radii
    assert radii is not None
    assert radii.growth(np.array([0.5, 1, 2, 3, 4, 5])).tolist() == [1, 1, 1.5, 3.75, 6, np.inf]
    older = read_manifest(GOLDEN / "package-4").radii
    assert older is not None
    assert older.growth(np.array([0.5, 5])).tolist() == [1, 1]


def test_answers_from_several_frames_are_read() -> None:
    package = Package.load(GOLDEN / "package-6", threads=1)
    assert package.temporal is not None
    assert (package.temporal.settings.slots, package.temporal.settings.step_s) == (5, 0.04)
    assert package.temporal.settings.quantities == {"left": 2, "right": None}
    assert Package.load(GOLDEN / "package-5").temporal is None
    result = read_result(GOLDEN / "prediction-5" / "walk.mp4.json")
    assert isinstance(result, PredictionResult)
    assert [frame.from_frames for frame in result.frames] == [None, None, None, None, 3]


def test_steps_of_a_walk_are_read() -> None:
    result = read_result(GOLDEN / "prediction-3" / "steps.mp4.json")
    assert isinstance(result, PredictionResult) and result.steps is not None
    steps = result.steps
    assert (steps.reason, steps.direction, steps.cadence_per_min) == (None, "away", 109.078)
    assert steps.legs["left"].values["mid_stance"].mean == 6.0 and steps.legs["left"].values["mid_stance"].steps == 3
    assert steps.difference["mid_stance"].half_width == 0.781
    first = steps.steps[0]
    assert (first.leg, len(first.curve_deg), len(steps.legs["right"].curve_sd_deg)) == ("right", 101, 101)
    assert [event.kind for event in steps.events[:2]] == ["strike", "toe_off"]
    with (GOLDEN / "prediction-3" / "steps.mp4.steps.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["strike_s"]) for row in rows] == [step.strike_s for step in steps.steps]


def test_csv_has_the_place_of_every_keypoint_that_is_not_missing() -> None:
    with (GOLDEN / "prediction-2" / "walk.mp4.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert (rows[-1]["left_heel_x_px"], rows[-1]["left_heel_y_px"]) == ("62.4", "96.0")
    assert (rows[0]["left_heel_x_px"], rows[0]["left_heel_y_px"]) == ("", "")


@pytest.mark.parametrize("version", RESULTS)
def test_results_of_classes_and_of_instances_are_read(version: int) -> None:
    folder = GOLDEN / f"prediction-{version}"
    told, many = (read_result(folder / f"{name}.png.json") for name in ("class", "instances"))
    assert isinstance(told, PredictionResult) and isinstance(many, PredictionResult)
    likeliest = told.frames[0].likeliest
    assert likeliest is not None
    assert (likeliest.name, likeliest.sure, likeliest.probabilities) == ("jar", True, {"cup": 0.25, "jar": 0.75})
    assert many.frames[0].instances is not None
    (instance,) = many.frames[0].instances
    assert (instance.kind, instance.score, instance.box) == ("jar", 0.9, (1, 2, 30, 40))
    assert told.model.version is None and told.frames[0].keypoints is None


@pytest.mark.parametrize("version", RESULTS)
def test_result_of_an_exam_is_read(version: int) -> None:
    result = read_result(GOLDEN / f"exam-{version}" / "exam_7.volume.json")
    assert isinstance(result, ExamResult)
    assert (result.source.files, result.source.failed) == (("axial.nii", "coronal.nii", "sagittal.nii"), ("other.nii",))
    assert result.measure.model_extra is not None
    assert result.measure.model_extra["extents_mm"] == [154, 192, 156]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": []}, r"format is \[\], expected heelstrike-prediction or heelstrike-exam"),
        ({"format": "something"}, "format is 'something', expected heelstrike-prediction or heelstrike-exam"),
        ({"format_version": 9, "min_reader": 9}, "made for readers of 9 or later.*upgrade heelstrike"),
        ({"frames": [{}]}, "frames.0.frame: Field required"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, changes: dict, message: str) -> None:
    data = json.loads((GOLDEN / "prediction-2" / "walk.mp4.json").read_text())
    (tmp_path / "walk.mp4.json").write_text(json.dumps(data | changes))
    with pytest.raises(UserError, match=message):
        read_result(tmp_path / "walk.mp4.json")


def test_result_of_a_later_version_is_read_where_it_says_so(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "prediction-2" / "walk.mp4.json", tmp_path)
    data = json.loads((tmp_path / "walk.mp4.json").read_text())
    frames = [frame | {"depth": [1]} for frame in data["frames"]]
    changed = data | {"format_version": 6, "min_reader": 2, "frames": frames, "site": "A"}
    (tmp_path / "walk.mp4.json").write_text(json.dumps(changed))
    result = read_result(tmp_path / "walk.mp4.json")
    assert isinstance(result, PredictionResult) and result.frames[0].keypoints is not None


def test_result_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_result(tmp_path / "nowhere.json")
