"""Results as columns and as single frames."""

import json
from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.serve.columns import columns_of, frames_of, read_columns, write_columns
from heelstrike.serve.records import Evaluation
from heelstrike.serve.report import report_of
from heelstrike.serve.viewing import write_view
from tests.videos import write_video

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def result(package: Path, tmp_path: Path) -> Path:
    video = write_video(tmp_path / "walk.mp4", frames=12, times=[40 * n + n * n for n in range(12)])
    predict_path(video, Package.load(package), ModelReference("rearfoot/1", "1"), tmp_path, about=About())
    return tmp_path / "walk.mp4.json"


def test_columns_are_the_numbers_of_the_json(result: Path) -> None:
    full = json.loads(result.read_text())
    header, columns = read_columns(columns_of(result))
    assert header["result"] == {key: value for key, value in full.items() if key != "frames"}
    assert (header["frames"], header["quantities"]) == (12, {"left": "deg", "right": "deg"})
    assert columns["time_s"].tolist() == [frame["time_s"] for frame in full["frames"]]
    assert np.diff(columns["media_s"]) == pytest.approx(np.diff(columns["time_s"]), abs=2e-5)
    for name in ("left", "right"):
        expected = [frame["measure"]["values"][name] for frame in full["frames"]]
        assert columns[f"value {name}"] == pytest.approx(np.array(expected, np.float32))
    assert columns["reason"].tolist() == [0] * 12


def test_a_frame_that_was_not_measured_has_its_reason_and_no_value(tmp_path: Path) -> None:
    result = tmp_path / "walk.mp4.json"
    frame = {"time_s": 0.0, "measure": {"unit": "deg", "values": {"left": 1.0}, "half_widths": {"left": None}}}
    gone = {"time_s": 0.1, "reliable": False, "measure": {"unit": "deg", "values": {}, "reason": "no_legs"}}
    lines = ",\n  ".join(map(json.dumps, [frame, gone, frame]))
    result.write_text(f'{{\n "steps": null,\n "frames": [\n  {lines}\n ],\n "summary": {{}}\n}}\n')
    header, columns = read_columns(columns_of(result))
    assert (header["reasons"], columns["reason"].tolist()) == (["no_legs"], [0, 1, 0])
    assert columns["value left"].tolist() == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)
    assert np.isnan(columns["half_width left"]).all()
    assert columns["reliable"].tolist() == [2, 0, 2]


def test_frames_are_those_of_the_json(result: Path) -> None:
    frames = json.loads(result.read_text())["frames"]
    for first, count in ((0, 1), (3, 4), (10, 50), (0, 12), (12, 5), (10**9, 1)):
        assert json.loads(frames_of(result, first, count)) == frames[first : first + count]


def test_a_file_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}\n")
    with pytest.raises(UserError, match=r"other.json: holds no list of frames"):
        write_columns(path)


def test_every_version_of_a_result_has_columns_and_a_report_of_one_page(tmp_path: Path) -> None:
    evaluation = Evaluation(id="a", name="Ünal, 3 − 4 °", created="2026-11-28T12:00:00Z")
    for path in sorted(GOLDEN.glob("prediction-*/*.json")):
        copy = tmp_path / f"{path.parent.name}-{path.name}"
        copy.write_bytes(path.read_bytes())
        assert report_of(evaluation, copy, tmp_path / "no.view.jpg").count(b"/Type /Page\n") == 1, path


def test_a_report_shows_the_video(result: Path) -> None:
    evaluation = Evaluation(id="a", name="walk", created="2026-11-28T12:00:00Z")
    view = write_view(result.with_name("walk.mp4"), result.with_name("walk.mp4"))
    report = report_of(evaluation, result, view)
    assert report.startswith(b"%PDF-")
    assert b"/Subtype /Image" in report
    assert report == report_of(evaluation, result, view)
