"""A temporal model from labels to results: trained, judged, packaged, and used on a video."""

import importlib
import json
from pathlib import Path

import pytest

from heelstrike.model import load
from heelstrike.package.runtime import Package
from heelstrike.results import PredictionResult, read_result
from heelstrike.video.writer import write_video
from pipeline.layout import Layout
from pipeline.params import parse_params
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource

LEGS = ["left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel"]
SOURCE = {"kind": "synthetic", "subjects": 12, "frames_per_subject": 20, "frame_step": 3, "width": 128, "height": 96}
SECTION = {
    "problem": {"keypoints": LEGS, "input": {"width": 64, "height": 64}},
    "collect": {"sources": [SOURCE]},
    "split": {"val": 0.25, "test": 0.25},
    "augment": {"flip": 0},
    "model": {"name": "spatial", "width": 8, "levels": 2, "codec": "softmax"},
    "train": {
        "steps": [{"heads": ["box", "keypoints"], "epochs": 6}],
        "lr": 0.01,
        "threads": 1,
        "temporal": {"epochs": 10, "window": 7},
    },
    "search": {"trials": 0},
    "evaluate": {"bootstrap": 100},
    "package": {"confidence": 0.5},
    "measure": {"name": "rearfoot_angle", "left": LEGS[:3], "right": LEGS[3:]},
}


@pytest.mark.slow
def test_from_labelled_frames_to_answers_from_several_frames(tmp_path: Path) -> None:
    layout, params = Layout(tmp_path, "p"), parse_params({"problems": ["p"], "p": SECTION})["p"]
    for name in ("collect", "split", "prepare", "search", "train", "evaluate", "package"):
        importlib.import_module(f"pipeline.{name}.stage").run(params, layout)
    path, package = layout.out("evaluate") / "temporal.json", layout.out("package")
    verdict = json.loads(path.read_text())
    numbers = json.loads((layout.out("evaluate").parent / "metrics.json").read_text())
    assert numbers["temporal"]["disturbed_rmse_px"] == verdict["figures"]["disturbed"]["rmse_px"]
    assert "Videos: from several frames" in (layout.out("evaluate") / "report.html").read_text()
    assert (Package.load(package).temporal is not None) == verdict["kept"]

    # whatever this tiny network is worth: from here on it is one that pays
    settings = verdict["settings"] | {"corrects": True}
    path.write_text(json.dumps(verdict | {"kept": True, "reasons": [], "settings": settings}))
    importlib.import_module("pipeline.package.stage").run(params, layout)
    assert Package.load(package).temporal is not None
    subject = make_subject(SyntheticSource.model_validate(SOURCE | {"seed": 9}), 0)
    video = tmp_path / "walk.mp4"
    write_video(video, (frame for frame, _ in render(subject)), subject.fps)
    load(package=package, threads=1).write(video, tmp_path / "several")
    load(package=package, threads=1, per_frame=True).write(video, tmp_path / "single")
    several, single = (read_result(tmp_path / name / "walk.mp4.json") for name in ("several", "single"))
    assert isinstance(several, PredictionResult) and isinstance(single, PredictionResult)
    from_frames = [frame.from_frames for frame in several.frames]
    assert sum(count is not None for count in from_frames) > 0.5 * subject.frames
    assert max(count or 0 for count in from_frames) <= 8
    assert all(frame.from_frames is None for frame in single.frames)
    missing = [sum(len(frame.missing or ()) for frame in result.frames) for result in (several, single)]
    assert missing[0] <= missing[1]
    assert [f.keypoints for f in several.frames] != [f.keypoints for f in single.frames]
