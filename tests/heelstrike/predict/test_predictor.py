import csv
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import RearfootSettings
from heelstrike.package.manifest import write_manifest
from heelstrike.package.runtime import Package
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.video.reader import VideoReader
from heelstrike.video.writer import write_video
from tests.packages import LEFT, PROBLEM, RIGHT, SHARES, fixed_graph, make_package

MODEL = ModelReference("rearfoot@champion", "3")
ROOT = Path(__file__).resolve().parents[3]


def left_over(folder):
    """Everything in the folder, hidden files too."""
    return sorted(p.name for p in folder.rglob("*")) if folder.exists() else []


def test_video_gives_json_with_every_frame_and_its_angles(package, walk, tmp_path):
    report = predict_path(walk, package, MODEL, tmp_path)
    (done,) = report.done
    assert [f.name for f in done.files] == ["walk.mp4.json", "walk.mp4.csv", "walk.mp4.steps.csv"]
    data = json.loads((tmp_path / "walk.mp4.json").read_text())
    assert data["source"] == {
        "file": "walk.mp4",
        "kind": "video",
        "width": 160,
        "height": 120,
        "fps": 25.0,
        "mm_per_px": None,
    }
    assert data["model"] == {
        "problem": "rearfoot",
        "reference": "rearfoot@champion",
        "version": "3",
        "digest": package.manifest.digest,
    }
    assert data["keypoints"] == list(PROBLEM.keypoints)
    assert data["skeleton"] == [[0, 1], [1, 2], [3, 4], [4, 5]]
    assert [f["frame"] for f in data["frames"]] == list(range(12))
    assert [f["time_s"] for f in data["frames"]] == pytest.approx([n / 25 for n in range(12)], abs=1e-6)
    # the graph is given a frame of 64x48 pixels and puts the markers at shares of it
    expected = Letterbox(64 / 160, 0, 0).backward(np.array(SHARES) * [64, 48])
    np.testing.assert_allclose(data["frames"][0]["keypoints"], expected, atol=1e-3)
    # SHARES: the heel marker lies 1 % of the width outwards, 20 % of the height below
    angle = math.degrees(math.atan2(0.01 * 160, 0.2 * 120))
    measured = data["frames"][0]["measure"]
    assert measured["values"] == {"left": pytest.approx(angle, abs=1e-3), "right": pytest.approx(angle, abs=1e-3)}
    assert measured["legs"]["left"]["direction"] == "eversion"


def test_frames_without_markers_are_reported_with_the_reason_and_counted(package, walk, tmp_path):
    predict_path(walk, package, MODEL, tmp_path)
    data = json.loads((tmp_path / "walk.mp4.json").read_text())
    dark = data["frames"][5]
    assert dark["missing"] == list(PROBLEM.keypoints)
    assert dark["measure"]["measured"] is False
    assert dark["measure"]["reason"] == "no_legs"
    assert data["summary"]["frames"] == 12
    assert data["summary"]["measured"] == 10
    assert data["summary"]["not_measured"] == {"no_legs": 2}


def test_csv_has_a_row_per_frame(package, walk, tmp_path):
    predict_path(walk, package, MODEL, tmp_path)
    with (tmp_path / "walk.mp4.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:4] == ["frame", "time_s", "left_deg", "right_deg"]
    assert [int(r["frame"]) for r in rows] == list(range(12))
    assert float(rows[0]["left_deg"]) == pytest.approx(3.814, abs=1e-3)
    assert rows[5]["left_deg"] == ""
    assert rows[5]["reason"] == "no_legs"


def test_same_input_gives_the_same_bytes(package, walk, tmp_path):
    for run in ("a", "b"):
        predict_path(walk, package, MODEL, tmp_path / run, overlay=True)
    for name in left_over(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_overlay_video_has_every_frame_with_something_drawn_on_it(package, walk, tmp_path):
    report = predict_path(walk, package, MODEL, tmp_path, overlay=True)
    assert report.done[0].files[3].name == "walk.mp4.overlay.mp4"
    with VideoReader(walk) as before, VideoReader(tmp_path / "walk.mp4.overlay.mp4") as after:
        for a, b in zip(before.frames(), after.frames(), strict=True):
            assert (a.number, a.image.shape) == (b.number, b.image.shape)
            assert np.abs(a.image.astype(int) - b.image).max() > 60


def test_overlay_of_a_video_of_odd_size(package, tmp_path):
    """MJPEG may be odd, H.264 may not."""
    path = tmp_path / "odd.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 161, 121, "yuvj420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((121, 161, 3), 180, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    predict_path(path, package, MODEL, tmp_path / "out", overlay=True)
    with VideoReader(tmp_path / "out" / "odd.avi.overlay.mp4") as video:
        assert [f.image.shape for f in video.frames()] == [(122, 162, 3)] * 3
    assert json.loads((tmp_path / "out" / "odd.avi.json").read_text())["source"]["width"] == 161


def test_image_gives_one_frame_without_time(package, tmp_path):
    path = tmp_path / "foot.png"
    cv2.imwrite(str(path), np.full((120, 160, 3), 150, np.uint8))
    report = predict_path(path, package, MODEL, tmp_path / "out", overlay=True)
    assert left_over(tmp_path / "out") == ["foot.png.json", "foot.png.overlay.png"]
    data = json.loads((tmp_path / "out" / "foot.png.json").read_text())
    assert (data["source"]["kind"], data["source"]["fps"]) == ("image", None)
    assert (data["frames"][0]["frame"], data["frames"][0]["time_s"]) == (0, None)
    assert report.done[0].summary.measured == 1


def test_colours_are_not_swapped_in_an_overlay_image(package, tmp_path):
    blue = np.zeros((120, 160, 3), np.uint8)
    blue[..., 0] = 250  # BGR
    cv2.imwrite(str(tmp_path / "blue.png"), blue)
    predict_path(tmp_path / "blue.png", package, MODEL, tmp_path / "out", overlay=True)
    overlay = cv2.imread(str(tmp_path / "out" / "blue.png.overlay.png"))
    assert overlay[-1, -1].tolist() == [250, 0, 0]


def test_folder_does_the_good_files_and_lists_the_bad_and_the_ignored(package, walk, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "in" / "results"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(walk, folder / "walk.mp4")
    cv2.imwrite(str(folder / "deep" / "walk.png"), np.full((60, 80, 3), 150, np.uint8))
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "broken.jpg").write_bytes(b"no image")
    (folder / "notes.txt").write_text("not an input")
    for _ in range(2):  # the second run does not take its own results for inputs
        report = predict_path(folder, package, MODEL, out, overlay=True)
        assert [d.input.name for d in report.done] == ["walk.png", "walk.mp4"]
        assert [(f.name, "0 bytes" in why or "not a readable image" in why) for f, why in report.failed] == [
            ("broken.jpg", True),
            ("empty.mp4", True),
        ]
        assert [p.name for p in report.ignored] == ["notes.txt"]
    assert left_over(out) == [
        "deep",
        "walk.mp4.csv",
        "walk.mp4.json",
        "walk.mp4.overlay.mp4",
        "walk.mp4.steps.csv",
        "walk.png.json",
        "walk.png.overlay.png",
    ]


def test_results_of_a_camera_that_writes_capitals_are_no_inputs(package, walk, tmp_path):
    shutil.copy(walk, tmp_path / "WALK.MP4")
    cv2.imwrite(str(tmp_path / "FOOT.PNG"), np.full((60, 80, 3), 150, np.uint8))
    for _ in range(2):
        report = predict_path(tmp_path, package, MODEL, tmp_path, overlay=True)
        assert [done.input.name for done in report.done] == ["FOOT.PNG", "WALK.MP4"]
        assert report.ignored == ()


def test_results_may_go_to_the_folder_above_the_inputs(package, tmp_path):
    (tmp_path / "clinic").mkdir()
    cv2.imwrite(str(tmp_path / "clinic" / "foot.png"), np.full((60, 80, 3), 150, np.uint8))
    (done,) = predict_path(tmp_path / "clinic", package, MODEL, tmp_path).done
    assert done.files == (tmp_path / "foot.png.json",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.mp4", None, "gone.mp4: does not exist; give a video, an image or a folder"),
        ("empty.mp4", b"", r"empty.mp4: empty \(0 bytes\)"),
        ("text.mp4", b"this is no video at all, just text\n" * 50, "text.mp4: not a readable video|text.mp4: holds no"),
        ("empty.png", b"", r"empty.png: the file is empty \(0 bytes\)"),
        ("text.png", b"no image", "text.png: not a readable image"),
    ],
)
def test_bad_file_is_one_message_and_nothing_is_written(package, tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        predict_path(path, package, MODEL, tmp_path / "out", overlay=True)
    assert left_over(tmp_path / "out") == []


def test_results_folder_that_is_a_file(package, walk, tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(UserError, match="out: is a file; results need a folder"):
        predict_path(walk, package, MODEL, tmp_path / "out")


def test_empty_folder(package, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(
        UserError, match=r"no image or video in this folder, found 1 other files; known types are .*mp4"
    ):
        predict_path(tmp_path, package, MODEL, tmp_path / "out")


def test_truncated_video_names_its_last_good_frame_and_leaves_nothing(package, tmp_path):
    path = tmp_path / "cut.mkv"
    rng = np.random.default_rng(2)
    write_video(tmp_path / "whole.mp4", (rng.integers(0, 255, (120, 160, 3), np.uint8) for _ in range(40)), 25)
    whole = (tmp_path / "whole.mp4").read_bytes()  # its index comes first, so a cut file opens
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(UserError, match=r"cut.mkv: truncated or damaged .* last good frame is \d+"):
        predict_path(path, package, MODEL, tmp_path / "out", overlay=True)
    assert left_over(tmp_path / "out") == []


def test_no_space_left_is_one_message_and_nothing_half_written(walk, tmp_path):
    """A limit on the size of files stands for a full disk: the same path through the writers, without a file system."""
    make_package(tmp_path / "package")
    code = """
import resource, sys
from pathlib import Path
from heelstrike.errors import UserError
from heelstrike.package.runtime import Package
from heelstrike.package.manifest import write_manifest
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference

package = Package.load(Path(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
for overlay in (False, True):
    try:
        predict_path(Path(sys.argv[1]), package, ModelReference("x"), Path(sys.argv[3]), overlay)
    except UserError as error:
        print(error)
"""
    command = [sys.executable, "-c", code, str(walk), str(tmp_path / "package"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    messages = done.stdout.splitlines()
    assert len(messages) == 2, done.stderr
    for message in messages:
        assert "while writing the results of walk.mp4: free some space" in message
    assert left_over(tmp_path / "out") == []


def test_predicting_needs_no_torch_and_no_mlflow(walk, tmp_path):
    make_package(tmp_path / "package")
    code = (
        "import sys; from pathlib import Path; from heelstrike.package.runtime import Package;"
        "from heelstrike.predict.predictor import predict_path; from heelstrike.predict.results import ModelReference;"
        "package = Package.load(Path(sys.argv[2]));"
        "predict_path(Path(sys.argv[1]), package, ModelReference('x'), Path(sys.argv[3]), overlay=True);"
        "heavy = {'torch', 'mlflow', 'onnx', 'prefect', 'dvc', 'albumentations'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code, str(walk), str(tmp_path / "package"), str(tmp_path / "out")]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ)


def test_package_that_finds_boxes_only(walk, tmp_path):
    folder = tmp_path / "package"
    fields = make_package(folder, measure=None).model_dump(exclude={"files", "digest"})
    graph = fixed_graph()
    del graph.graph.output[:2]
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    write_manifest(folder, **fields)
    predict_path(walk, Package.load(folder), MODEL, tmp_path / "out", overlay=True)
    frame = json.loads((tmp_path / "out" / "walk.mp4.json").read_text())["frames"][0]
    assert (frame["keypoints"], frame["confidence"], frame["missing"]) == (None, None, None)
    assert len(frame["box"]) == 4
    rows = list(csv.DictReader((tmp_path / "out" / "walk.mp4.csv").open()))
    assert rows[0]["lowest_confidence"] == ""


def test_package_without_a_measure(walk, tmp_path):
    make_package(tmp_path / "package", measure=None)
    predict_path(walk, Package.load(tmp_path / "package"), MODEL, tmp_path / "out", overlay=True)
    data = json.loads((tmp_path / "out" / "walk.mp4.json").read_text())
    assert data["frames"][0]["measure"] is None
    assert data["summary"] == {"frames": 12, "not_reliable": None}
    header = (tmp_path / "out" / "walk.mp4.csv").read_text().splitlines()[0]
    assert header.startswith("frame,time_s,lowest_confidence,reason,message,warnings,reliable,doubts,left_shank_x_px,")


RADII = Radii(
    level=0.9,
    subjects=45,
    difficulty=((0.5, 2.0), (1.0, 1.0)),
    factors=(1.0, 1.0, 1.0, 1.0, None, 1.0),
    quantities={"left": 0.5, "right": 0.5},
)


@pytest.fixture(scope="module")
def careful(tmp_path_factory):
    """A package that says how far keypoints may be off, and what is too much; 64 pixels of input."""
    folder = tmp_path_factory.mktemp("careful")
    settings = RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT, max_uncertainty=3.0)
    make_package(folder, radii=RADII, max_radius_px=9.0, measure=settings)
    return Package.load(folder, threads=1)


def test_what_is_not_reliable_is_said_frame_by_frame_with_its_reasons_and_counted(careful, walk, tmp_path):
    report = predict_path(walk, careful, MODEL, tmp_path, overlay=True)
    data = json.loads((tmp_path / "walk.mp4.json").read_text())
    assert (data["radius_level"], data["max_radius_px"], data["max_uncertainty"]) == (0.9, 9.0, 3.0)
    bright, dark = data["frames"][0], data["frames"][5]
    assert bright["radius"] == [2.5, 2.5, 2.5, 2.5, None, 2.5]  # 160 pixels by 64
    assert bright["reliable"] is False
    # segments of 24 px and nearly straight: the ends move the angle by 1 / 24, the middle by 2 / 24 radians a pixel
    expected = math.degrees(0.5 * 2.5 / 24 * math.sqrt(6))
    assert bright["measure"]["half_widths"] == {"left": pytest.approx(expected, rel=0.02), "right": None}
    width = bright["measure"]["half_widths"]["left"]
    assert bright["doubts"] == [
        "radius of right_ankle unknown; at most 9 px is allowed",
        f"left ± {width:.3g}°, right ± unknown; at most 3° is allowed",
    ]
    # nothing was found there, which is another matter
    assert (dark["reliable"], dark["doubts"], dark["measure"]["half_widths"]) == (True, [], {})
    assert data["summary"]["not_reliable"] == report.done[0].summary.not_reliable == 10
    rows = list(csv.DictReader((tmp_path / "walk.mp4.csv").open()))
    assert float(rows[0]["left_deg_half_width"]) == width and rows[0]["right_deg_half_width"] == ""
    assert (rows[0]["left_heel_radius_px"], rows[0]["right_ankle_radius_px"]) == ("2.5", "")
    assert rows[0]["reliable"] == "no" and "right_ankle unknown" in rows[0]["doubts"]
    assert rows[5]["reliable"] == "yes" and rows[5]["left_deg_half_width"] == ""


def test_without_limits_nothing_is_judged(walk, tmp_path):
    make_package(tmp_path / "package", radii=RADII)
    predict_path(walk, Package.load(tmp_path / "package"), MODEL, tmp_path)
    data = json.loads((tmp_path / "walk.mp4.json").read_text())
    assert (data["frames"][0]["reliable"], data["frames"][0]["doubts"]) == (None, [])
    assert data["summary"]["not_reliable"] is None
    assert data["frames"][0]["measure"]["half_widths"]["left"] > 0


def test_a_limit_on_a_package_without_radii_leaves_nothing_reliable(walk, tmp_path):
    make_package(tmp_path / "package", max_radius_px=5.0)
    predict_path(walk, Package.load(tmp_path / "package"), MODEL, tmp_path)
    frame = json.loads((tmp_path / "walk.mp4.json").read_text())["frames"][0]
    assert (frame["radius"], frame["reliable"]) == (None, False)
    assert frame["doubts"] == ["the radius of keypoints is not known: the model was packaged without"]
