"""What predict writes over, what it leaves alone, and what it takes for inputs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.package.runtime import Package
from heelstrike.predict.ownership import is_result
from heelstrike.predict.predictor import predict_path
from heelstrike.video.writer import write_video
from tests.heelstrike.predict.conftest import MODEL
from tests.packages import make_package

ROOT = Path(__file__).resolve().parents[3]
SUPERVISELY = '{"description": "a labeller\'s work", "tags": [], "size": {"height": 60, "width": 80}, "objects": []}'


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((60, 80, 3), 150, np.uint8))
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scan.png.json", SUPERVISELY),
        ("scan.png.json", "not even JSON"),
        ("scan.png.json", ""),
        ("scan.png.json", "[" * 100_000),
        ("scan.png.json", '{"results": [{"format": "heelstrike-prediction"}]}'),
        ("scan.png.json", '{"format": ["heelstrike-prediction"]}'),
        ("scan.png.overlay.png", "a drawing"),
    ],
)
def test_a_file_of_somebody_else_stays_and_the_rest_of_the_folder_goes_on(package, tmp_path, name, content):
    for image in ("scan.png", "third.png"):
        picture(tmp_path / image)
    (tmp_path / name).write_text(content)
    report = predict_path(tmp_path, package, MODEL, tmp_path, overlay=True)
    assert (tmp_path / name).read_text() == content
    ((failed, reason),) = report.failed
    assert failed.name == "scan.png"
    assert reason == (
        f"{tmp_path / name} is not a result of Heelstrike, so it is not overwritten; rename it, or give another folder "
        "for the results with --out FOLDER"
    )
    assert [done.input.name for done in report.done] == ["third.png"]
    assert sorted(p.name for p in tmp_path.glob("scan.png*")) == ["scan.png", name]


def test_nothing_is_computed_for_an_input_whose_result_may_not_be_written(package, walk, tmp_path):
    shutil.copy(walk, tmp_path / "walk.mp4")
    (tmp_path / "walk.mp4.csv").write_text("frame,angle\n0,3\n")
    ticks = []
    from heelstrike.predict.measurer import About
    from heelstrike.predict.writing import Writer

    with pytest.raises(UserError, match=r"walk\.mp4\.csv is not a result of Heelstrike"):
        Writer(package, MODEL, False, About()).write(
            tmp_path / "walk.mp4", tmp_path / "walk.mp4", lambda: ticks.append(1)
        )
    assert ticks == []


def test_a_link_or_a_folder_at_the_place_of_a_result_is_left_alone(package, tmp_path):
    mine = tmp_path / "elsewhere" / "notes.json"
    mine.parent.mkdir()
    predict_path(picture(tmp_path / "a.png"), package, MODEL, tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "a.png.json").rename(mine)
    before = mine.read_text()
    for name in ("linked.png", "dangling.png", "folder.png"):
        picture(tmp_path / "in" / name)
    (tmp_path / "in" / "linked.png.json").symlink_to(mine)
    (tmp_path / "in" / "dangling.png.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "folder.png.json").mkdir()
    report = predict_path(tmp_path / "in", package, MODEL, tmp_path / "in")
    assert len(report.failed) == 3 and not report.done
    assert mine.read_text() == before and not (tmp_path / "nowhere").exists()
    assert (tmp_path / "in" / "linked.png.json").is_symlink()


def test_results_are_overwritten_also_after_an_edit_of_their_layout(package, walk, tmp_path):
    shutil.copy(walk, tmp_path / "walk.mp4")
    picture(tmp_path / "foot.png")
    first = predict_path(tmp_path, package, MODEL, tmp_path, overlay=True)
    files = [file for done in first.done for file in done.files]
    assert len(files) == 6 and all(map(is_result, files))
    written = {file: file.read_bytes() for file in files}
    result = tmp_path / "walk.mp4.json"
    result.write_text(json.dumps(json.loads(result.read_text()), indent=4, sort_keys=True))
    second = predict_path(tmp_path, package, MODEL, tmp_path, overlay=True)
    assert not second.failed and {file: file.read_bytes() for file in files} == written


def test_a_second_run_finds_the_same_inputs_whatever_they_are_called(package, walk, tmp_path):
    """Capitals, brackets, an overlay under another name, and a file of the user's that is only called like one."""
    shutil.copy(walk, tmp_path / "WALK.MP4")
    picture(tmp_path / "a[ " / "Foto [b].PNG")
    shutil.copy(walk, tmp_path / "a[ " / "a[/b].mp4".replace("/", "_"))
    shutil.copy(walk, tmp_path / "mine.overlay.mp4")
    inputs = []
    for _ in range(2):
        report = predict_path(tmp_path, package, MODEL, tmp_path, overlay=True)
        assert not report.failed
        inputs.append([done.input.name for done in report.done])
        shutil.copy(tmp_path / "WALK.MP4.overlay.mp4", tmp_path / "for the talk.mp4")
    assert inputs[0] == inputs[1] == ["WALK.MP4", "Foto [b].PNG", "a[_b].mp4", "mine.overlay.mp4"]


def test_an_overlay_without_a_note_beside_its_video_is_no_input_and_is_listed(package, walk, tmp_path):
    for name in ("walk.mp4", "walk.mp4.overlay.mp4"):
        shutil.copy(walk, tmp_path / name)
    report = predict_path(tmp_path, package, MODEL, tmp_path / "out", overlay=True)
    assert [done.input.name for done in report.done] == ["walk.mp4"]
    assert [path.name for path in report.ignored] == ["walk.mp4.overlay.mp4"]


def test_a_list_of_other_files_that_is_called_overlay_is_not_opened(tmp_path):
    (tmp_path / "a.mp4.overlay.mp4").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    assert not is_result(tmp_path / "a.mp4.overlay.mp4")


def test_names_that_are_one_for_the_file_system_are_not_written_over_each_other(package, tmp_path):
    """A hard link stands for a file system that does not tell a.png.json and A.png.json apart."""
    from heelstrike.predict.measurer import About
    from heelstrike.predict.writing import Writer

    writer = Writer(package, MODEL, False, About())
    writer.write(picture(tmp_path / "a.png"), tmp_path / "a.png", lambda: None)
    os.link(tmp_path / "a.png.json", tmp_path / "A.png.json")
    with pytest.raises(UserError, match=r"A\.png\.json: is the result of another input .* rename one of the two"):
        writer.write(picture(tmp_path / "A.png"), tmp_path / "A.png", lambda: None)


@pytest.mark.parametrize("length", [250, 251, 255])
def test_a_name_that_leaves_no_room_for_the_results_suffix(package, tmp_path, length):
    path = picture(tmp_path / f"{'f' * (length - 4)}.png")
    if length == 250:  # with .json just possible
        assert predict_path(path, package, MODEL, tmp_path).done[0].files[0].is_file()
        return
    with pytest.raises(UserError, match=rf"a name of {length + 5} bytes, at most 255 .* give the input a shorter name"):
        predict_path(path, package, MODEL, tmp_path)


def test_what_a_killed_run_left_is_cleared_and_what_a_running_one_writes_is_not(walk, tmp_path):
    make_package(tmp_path / "package")
    folder = tmp_path / "in"
    folder.mkdir()
    write_video(folder / "long.mp4", (np.full((120, 160, 3), 150, np.uint8) for _ in range(600)), 25)
    (folder / ".heelstrike-notes.aside").write_text("a user's")
    running, killed = (_predict(tmp_path / "package", folder) for _ in range(2))
    _wait_for_asides(folder, 6)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    quick = _predict(tmp_path / "package", folder / "long.mp4")
    _, errors = quick.communicate(timeout=120)
    assert quick.returncode == 0, errors
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    assert sorted(p.name for p in folder.iterdir()) == [
        ".heelstrike-notes.aside",
        "long.mp4",
        "long.mp4.csv",
        "long.mp4.json",
        "long.mp4.overlay.mp4",
        "long.mp4.steps.csv",
    ]


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")]
)
def test_an_interrupted_run_keeps_what_is_done_and_leaves_nothing_else(tmp_path, number, code, word):
    make_package(tmp_path / "package")
    folder = tmp_path / "in"
    picture(folder / "a.png")
    write_video(folder / "long.mp4", (np.full((120, 160, 3), 150, np.uint8) for _ in range(900)), 25)
    process = _predict(tmp_path / "package", folder)
    _wait_for_asides(folder, 3)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert f"{word}. Finished work is kept." in errors and "Traceback" not in errors
    assert sorted(p.name for p in folder.iterdir()) == ["a.png", "a.png.json", "a.png.overlay.png", "long.mp4"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "{file}: not enough memory for it; give a smaller image or video"),
        (OSError(5, "Input/output error", "/net/scan.png"), "/net/scan.png: Input/output error"),
        (ZeroDivisionError("by zero"), "{file}: ZeroDivisionError: by zero"),
        (cv2.error("bad"), "{file}: error: bad"),
    ],
)
def test_whatever_one_file_raises_is_its_reason_and_the_others_go_on(tmp_path, error, reason):
    good, bad = picture(tmp_path / "a.png"), picture(tmp_path / "bad.png")
    last = picture(tmp_path / "z.png")
    bad.write_bytes(cv2.imencode(".png", np.full((60, 80, 3), 10, np.uint8))[1].tobytes())

    class Failing(Package):
        def predict(self, image, mirrored=False):
            if image.mean() < 20:
                raise error
            return super().predict(image, mirrored)

    make_package(tmp_path / "package")
    report = predict_path(tmp_path, Failing.load(tmp_path / "package", threads=1), MODEL, tmp_path / "out")
    assert [done.input for done in report.done] == [good, last]
    assert report.failed == [(bad, reason.format(file=bad))]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.png.json", "z.png.json"]


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(package, tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"file: cannot be written to; give another folder .* with --out FOLDER"):
        predict_path(tmp_path / "a.png", package, MODEL, tmp_path / "file" / "below")


def _predict(package: Path, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "heelstrike", "predict", str(path), "--package", str(package), "--overlay"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def _wait_for_asides(folder: Path, count: int) -> None:
    until = time.monotonic() + 60
    while len([p for p in folder.iterdir() if p.name.endswith(".aside") and "notes" not in p.name]) < count:
        assert time.monotonic() < until
        time.sleep(0.02)
