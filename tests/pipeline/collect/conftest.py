"""A small problem with two videos, labelled by CSV."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from tests import videos

HEADER = "video,frame,subject,left_x,left_y,right_x,right_y,tone"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "toy")
    layout.raw.mkdir(parents=True)
    return layout


@pytest.fixture
def make_params() -> Callable[..., ProblemParams]:
    """Params of a problem with the keypoints left and right; the arguments are its sources."""

    def make(*sources: dict[str, Any], keypoints: tuple[str, ...] = ("left", "right"), **collect: Any) -> ProblemParams:
        section = {
            "problem": {"keypoints": list(keypoints)},
            "collect": {"sources": list(sources) or [{"kind": "csv"}]} | collect,
            "model": {"name": "spatial"},
            "augment": {"flip": 0},
        }
        return parse_params({"problems": ["toy"], "toy": section})["toy"]

    return make


@pytest.fixture
def batch(layout: Layout) -> Path:
    """data/raw/toy/first: walk.mp4 and turn.avi with 30 frames each, and labels.csv naming five frames of each."""
    folder = layout.raw / "first"
    videos.write_video(folder / "walk.mp4")
    videos.write_video(folder / "turn.avi", codec="mpeg4")
    rows = [
        f"{v},{n},{s},{10 + n},20,50.5,30.25,III"
        for v, s in (("walk.mp4", "A"), ("turn.avi", "B"))
        for n in range(0, 30, 6)
    ]
    (folder / "labels.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return folder
