"""What `predict --record` and `--shadow` write beside the results, on a real video through real packages."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import heelstrike
from heelstrike.errors import UserError
from heelstrike.model import Model
from heelstrike.monitor.folder import folders_of_records, read_disagreements, read_records
from heelstrike.monitor.identity import files_by_id
from heelstrike.monitor.watch import Watch
from heelstrike.monitor.wire import MAX_BYTES
from heelstrike.package.runtime import Package
from heelstrike.predict.describe import describe
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.video.writer import write_video
from tests.heelstrike.monitor.conftest import RADII
from tests.packages import SHARES, add_temporal_graph, make_package


def test_a_record_says_what_the_model_saw(models: tuple[Model, Model], walk: Path, tmp_path: Path) -> None:
    report = models[0].write(walk, tmp_path / "out", record=tmp_path / "records")
    assert report.done[0].unnoted == ""
    (record,) = read_records(tmp_path / "records").items
    assert (record.kind, record.width, record.height, record.fps, record.frames) == ("video", 160, 120, 25.0, 12)
    assert (record.model.problem, record.model.version, record.model.digest) == (
        "rearfoot",
        None,
        models[0].manifest.digest,
    )
    assert (record.measured, record.not_measured, record.not_reliable) == (10, {"no_legs": 2}, None)
    assert record.present == pytest.approx(10 / 12, abs=1e-4)
    assert record.picture.brightness == pytest.approx(150, abs=2)
    # the graph puts the markers at shares of the picture
    shares = np.array(SHARES)
    low, high = shares.min(axis=0), shares.max(axis=0)
    assert record.geometry.span == pytest.approx(high[1] - low[1], abs=0.01)
    assert (record.geometry.x, record.geometry.y) == pytest.approx(tuple((low + high) / 2), abs=0.015)
    assert record.geometry.tilt == pytest.approx(0, abs=0.1) and len(record.geometry.bones) == 4
    # confidence 1 has a radius of one pixel of the input, 2.5 of the picture; the markers span 48 of its pixels
    assert record.radius.p50 == pytest.approx(2.5 / 48, rel=0.02)
    assert record.confidence.p50 == 1 and record.confidence.p10 == pytest.approx(0, abs=0.02)


def test_files_are_small_and_have_neither_names_nor_pixels(
    models: tuple[Model, Model], walk: Path, tmp_path: Path
) -> None:
    records = tmp_path / "records"
    models[0].write(walk, tmp_path / "out", record=records, shadow=models[1])
    files = sorted(records.glob("*.json"))
    assert [file.suffixes for file in files] == [[".disagreement", ".json"], [".record", ".json"]]
    for file in files:
        content = file.read_bytes()
        assert len(content) <= MAX_BYTES
        assert not any(name in content for name in (b"anna", b"smith", b"mp4", str(tmp_path).encode()))
        assert _longest_list(json.loads(content)) <= 12


def _longest_list(value: object) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = len(value) if isinstance(value, list) else 0
    return max([own, *map(_longest_list, inside)])


def test_the_same_input_has_one_record_and_another_name_changes_nothing(
    models: tuple[Model, Model], walk: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "other-name.mp4"
    copy.write_bytes(walk.read_bytes())
    records = tmp_path / "records"
    for file in (walk, copy):
        models[0].write(file, tmp_path / "out", record=records)
    (first,) = read_records(records).items
    assert files_by_id(records, [copy, tmp_path / "gone.mp4"]) == {first.id: copy}
    models[0].write(walk, tmp_path / "out", record=tmp_path / "elsewhere")
    (second,) = read_records(tmp_path / "elsewhere").items
    assert second.id != first.id, "the salt of another folder gives another id"


def test_the_shadow_notes_frames_about_which_the_models_disagree(
    models: tuple[Model, Model], walk: Path, tmp_path: Path
) -> None:
    first, second = models
    plain = first.write(walk, tmp_path / "plain")
    report = first.write(walk, tmp_path / "out", record=tmp_path / "records", shadow=second)
    assert report.done[0].summary == plain.done[0].summary
    given = [json.loads((tmp_path / name / "anna-smith.mp4.json").read_text())["frames"] for name in ("plain", "out")]
    assert given[0] == given[1], "the champion's answer is what is given"
    (noted,) = read_disagreements(tmp_path / "records").items
    assert (noted.champion.digest, noted.challenger.digest) == (first.manifest.digest, second.manifest.digest)
    assert (noted.disagreed, noted.frames, noted.measured_by) == (1, 12, (9, 1, 0, 2))
    assert [(one.frame, one.why) for one in noted.worst] == [(9, "measured")]
    assert noted.severity == pytest.approx(1 / 12) and noted.px.p90 == 0
    first.write(walk, tmp_path / "out", record=tmp_path / "records", shadow=first)
    assert read_disagreements(tmp_path / "records").items == [], "models that agree leave nothing to look at"


def test_a_shadow_that_answers_from_several_frames_is_asked_as_predict_asks_it(walk: Path, tmp_path: Path) -> None:
    """Only the frames around them answer the dark frames 5 and 6; the answers come later than the frames."""
    folder = tmp_path / "package"
    make_package(folder, temporal=add_temporal_graph(folder), radii=RADII)
    over_time, per_frame = (heelstrike.load(package=folder, threads=1, per_frame=alone) for alone in (False, True))
    over_time.write(walk, tmp_path / "out", record=tmp_path / "alike", shadow=over_time)
    assert read_disagreements(tmp_path / "alike").items == []
    report = per_frame.write(walk, tmp_path / "out", record=tmp_path / "other", shadow=over_time)
    assert report.done[0].unnoted == ""
    (noted,) = read_disagreements(tmp_path / "other").items
    assert (noted.frames, noted.measured_by) == (12, (10, 0, 2, 0))
    assert [(one.frame, one.why) for one in noted.worst] == [(5, "measured"), (6, "measured")]


def test_a_video_that_ends_in_an_error_has_no_results_and_no_record(
    models: tuple[Model, Model], walk: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(walk, folder / "b.mp4")
    (folder / "a.mp4").write_bytes(walk.read_bytes()[: walk.stat().st_size // 2])
    write_video(folder / "c.mp4", (np.full((120, 160, 3), shade, np.uint8) for shade in range(100, 140)), 25)
    package, watch = Package.load(Path(models[0].reference), threads=1), Watch(tmp_path / "records")
    report = predict_path(folder, package, ModelReference("rearfoot/1"), tmp_path / "out", watch=watch, most_frames=20)
    assert [path.name for path, _ in report.failed] == ["a.mp4", "c.mp4"]
    assert [done.unnoted for done in report.done] == [""]
    (record,) = read_records(tmp_path / "records").items
    assert files_by_id(tmp_path / "records", sorted(folder.iterdir()))[record.id].name == "b.mp4"


def test_whatever_the_shadow_or_the_folder_does_the_results_are_written(
    models: tuple[Model, Model], walk: Path, tmp_path: Path
) -> None:
    names = {"keypoints": tuple("abcdef"), "skeleton": ()}
    category = models[0].manifest.category.model_copy(update=names)
    make_package(tmp_path / "package", category=category, measure=None, flip_pairs=())
    other = heelstrike.load(package=tmp_path / "package", threads=1)
    report = models[0].write(walk, tmp_path / "out", record=tmp_path / "records", shadow=other)
    assert report.done[0].unnoted.startswith("the model in the shadow: it has the keypoints")
    assert len(read_records(tmp_path / "records").items) == 1
    (tmp_path / "records" / ".salt").write_bytes(b"")
    with pytest.raises(UserError, match=r"\.salt: 0 bytes found, 32 expected"):
        models[0].write(walk, tmp_path / "out", record=tmp_path / "records")
    with pytest.raises(UserError, match="--record"):
        models[0].write(walk, tmp_path / "out", shadow=models[1])


def test_a_record_that_cannot_be_written_is_said_and_the_results_are_there(
    models: tuple[Model, Model], walk: Path, tmp_path: Path
) -> None:
    package, folder = Package.load(Path(models[0].reference), threads=1), tmp_path / "records"
    watch = Watch(folder)
    shutil.rmtree(folder)
    folder.write_text("a file")
    report = predict_path(walk, package, ModelReference("rearfoot/1", "1"), tmp_path / "out", watch=watch)
    assert report.failed == [] and (tmp_path / "out/anna-smith.mp4.json").is_file()
    assert report.done[0].unnoted.startswith("no record was written: ")
    assert "not noted: no record was written" in "".join(line.plain for line in describe(report))


def test_an_image_has_a_record_too(models: tuple[Model, Model], tmp_path: Path) -> None:
    picture = np.full((60, 80, 3), (200, 60, 60), np.uint8)  # blue in OpenCV's order
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    models[0].write(tmp_path / "photo.png", record=tmp_path / "records" / "ward")
    assert folders_of_records(tmp_path / "records") == [tmp_path / "records" / "ward"]
    (record,) = read_records(tmp_path / "records" / "ward").items
    assert (record.kind, record.fps, record.frames, record.picture.contrast) == ("image", None, 1, 0)
    assert record.picture.blue > 160 and record.picture.red < 128 and record.picture.sharpness == 0


def test_damaged_and_foreign_files_are_named(models: tuple[Model, Model], walk: Path, tmp_path: Path) -> None:
    models[0].write(walk, tmp_path / "out", record=tmp_path)
    (tmp_path / "bad.record.json").write_text("{")
    (tmp_path / "big.record.json").write_text("{" + " " * MAX_BYTES + "}")
    (tmp_path / "foreign.record.json").write_text('{"format": "heelstrike-prediction"}')
    read = read_records(tmp_path)
    assert len(read.items) == 1
    assert [line.split(": ")[1][:16] for line in read.damaged] == [
        "not valid JSON (",
        "2050 bytes found",
        "format is 'heels",
    ]
    with pytest.raises(UserError, match="no such folder"):
        read_records(tmp_path / "nowhere")
    with pytest.raises(UserError, match="heelstrike predict --record"):
        folders_of_records(tmp_path / "out")
