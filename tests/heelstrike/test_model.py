"""The Python API: the same numbers as the result files, as typed results."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

import heelstrike
from heelstrike.files import file_digest
from heelstrike.package.image import ArrayImage
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.video.reader import Frame
from heelstrike.video.writer import write_video
from pipeline.registry.promote import promote
from tests.packages import LEFT, RIGHT, SHARES, make_package
from tests.worlds import world

__all__ = ["world"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("package")
    make_package(path)
    return path


@pytest.fixture(scope="module")
def model(folder):
    return heelstrike.load(package=folder, threads=1)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Eight frames, the third and the fourth of them black."""
    path = tmp_path_factory.mktemp("videos") / "walk.mp4"
    write_video(path, (np.full((120, 160, 3), 0 if n in (2, 3) else 150, np.uint8) for n in range(8)), 25)
    return path


def test_a_video_gives_what_its_result_file_says(model, walk, tmp_path):
    result = model.predict(walk)
    model.write(walk, tmp_path)
    written = json.loads((tmp_path / "walk.mp4.json").read_text())
    assert result.summary.to_json() == written["summary"]
    assert (result.summary.frames, result.summary.measured, result.summary.not_measured) == (8, 6, {"no_legs": 2})
    assert vars(result.source) == written["source"] | {"mm_per_px": pytest.approx(float("nan"), nan_ok=True)}
    for frame, line in zip(result.frames, written["frames"], strict=True):
        assert (frame.number, frame.reason, frame.message) == (
            line["frame"],
            line["measure"]["reason"],
            line["measure"]["message"],
        )
        assert frame.time_s == pytest.approx(line["time_s"], abs=1e-6)
        assert frame.values == pytest.approx(line["measure"]["values"], abs=1e-3)
        np.testing.assert_allclose(frame.keypoints, line["keypoints"], atol=1e-3)


def test_what_a_frame_holds(model):
    frame = model.predict_image(np.full((120, 160, 3), 150, np.uint8))
    assert (frame.number, frame.time_s, frame.measured, frame.reason, frame.message) == (0, None, True, None, None)
    assert list(frame.values) == ["left", "right"]
    assert (frame.radius, frame.half_widths, frame.reliable, frame.doubts) == (None, {}, None, ())
    np.testing.assert_allclose(frame.keypoints, np.array(SHARES) * [160, 120], atol=1e-3)
    assert frame.confidence.tolist() == [1.0] * 6
    dark = model.predict_image(np.zeros((120, 160, 3), np.uint8))
    assert (dark.measured, dark.values, dark.reason) == (False, {}, "no_legs")


def test_frames_come_one_by_one_from_a_file_and_from_memory(model, walk):
    of_file = [frame.values for frame in model.frames(walk)]
    assert [bool(values) for values in of_file] == [True, True, False, False, True, True, True, True]
    taken = []

    def camera():
        while True:
            taken.append(len(taken))
            yield np.full((120, 160, 3), 150, np.uint8)

    live = model.frames(camera())
    assert next(live).values == pytest.approx(of_file[0], abs=1e-3)
    assert (next(live).number, taken) == (1, [0, 1])  # nothing is taken ahead


def test_leaving_a_video_early_ends_its_threads(model, walk):
    import threading

    before = threading.active_count()
    frames = model.frames(walk)
    next(frames)
    frames.close()
    assert threading.active_count() == before


def test_an_error_of_the_network_ends_the_decoder_before_the_video_is_closed(folder):
    package, ended = Package.load(folder, 1), []

    def frames():
        try:
            for number in range(50):
                image = np.full((120, 160, 3 if number < 2 else 4), 150, np.uint8)
                yield Frame(number, number / 25, ArrayImage(image))
        finally:
            ended.append(True)

    with pytest.raises(heelstrike.UserError, match="expected an RGB image"):
        list(Measurer(package, About()).video(frames()))
    assert ended == [True]


def test_images_and_folders(model, tmp_path):
    for name in ("b.png", "a.png"):
        cv2.imwrite(str(tmp_path / name), np.full((120, 160, 3), 150, np.uint8))
    assert model.predict(tmp_path / "a.png").source.kind == "image"
    assert [result.source.file for result in model.predict_folder(tmp_path)] == ["a.png", "b.png"]
    with pytest.raises(heelstrike.UserError, match="is a folder; use predict_folder"):
        model.predict(tmp_path)


def test_write_is_what_the_command_does(model, folder, walk, tmp_path):
    report = model.write(str(walk), tmp_path / "one", overlay=True)
    predict_path(walk, Package.load(folder, 1), ModelReference(str(folder)), tmp_path / "two", overlay=True)
    for file in report.done[0].files:
        assert file_digest(file) == file_digest(tmp_path / "two" / file.name)


def test_a_model_of_the_registry(world, monkeypatch):
    promote(world.root, world.decision(world.candidate(1), None))
    world.candidate(2)
    monkeypatch.chdir(world.root)
    model = heelstrike.load()
    assert (model.reference, model.version, model.problem) == ("rearfoot/1", 1, "rearfoot")
    assert (model.keypoints, model.classes, model.confidence) == ((*LEFT, *RIGHT), (), 0.5)
    assert heelstrike.load("rearfoot@challenger").version == 2
    (world.root / "mlflow.db").rename(world.root / "away.db")
    assert heelstrike.load("rearfoot@challenger", offline=True).version == 2


def test_a_folder_signs_with_its_path_and_not_as_a_version(world, monkeypatch, tmp_path):
    make_package(world.root / "rearfoot" / "1")
    monkeypatch.chdir(world.root)
    model = heelstrike.load(package="rearfoot/1")
    assert (model.reference, model.version) == ("rearfoot/1", None)
    cv2.imwrite("foot.png", np.full((120, 160, 3), 150, np.uint8))
    (done,) = model.write("foot.png", tmp_path).done
    assert json.loads(done.files[0].read_text())["model"]["version"] is None
    with pytest.raises(heelstrike.UserError, match=r"both a model of the registry \(rearfoot\) and a package folder"):
        heelstrike.load("rearfoot", package="rearfoot/1")


def test_importing_imports_nothing_heavy_and_every_name_is_there():
    code = (
        "import sys, heelstrike; heavy = {'numpy', 'cv2', 'av', 'onnxruntime', 'requests', 'pydantic', 'rich'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules);"
        "missing = [name for name in heelstrike.__all__ if not hasattr(heelstrike, name)]; assert not missing, missing;"
        "heavy = {'torch', 'pandas', 'mlflow', 'scipy', 'PIL', 'yaml', 'sklearn', 'SimpleITK', 'typer'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
