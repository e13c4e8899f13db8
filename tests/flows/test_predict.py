"""The scheduled flow over a folder."""

import json
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from flows.predict import predict
from heelstrike.errors import UserError
from heelstrike.video.writer import write_video
from pipeline.registry.promote import promote
from tests.flows.conftest import Listener
from tests.packages import make_package
from tests.worlds import World

GREY = np.full((120, 160, 3), 150, np.uint8)


def champion(world: World, seed: int, **fields: Any) -> None:
    """Another package becomes the champion."""
    make_package(world.layout.out("package"), metrics={"seed": float(seed)}, **fields)
    promote(world.root, world.decision(world.register(seed), world.champion))


@pytest.fixture
def folder(world: World) -> Path:
    """Inputs of the scheduled flow: an image, a video in a folder of its own, and a file that is neither."""
    folder = world.root / "data" / "predict" / "rearfoot" / "in"
    (folder / "anna").mkdir(parents=True)
    cv2.imwrite(str(folder / "foot.png"), GREY)
    write_video(folder / "anna" / "walk.mp4", (GREY for _ in range(3)), 25)
    (folder / "notes.txt").write_text("hello")
    return folder


def model_of(result: Path) -> str:
    model = json.loads(result.read_text())["model"]
    return f"{model['problem']}/{model['version']}"


@pytest.mark.usefixtures("prefect")
class TestFlow:
    def test_every_image_and_video_of_the_folder_is_predicted_and_counted(
        self, world: World, folder: Path, listener: Listener
    ) -> None:
        champion(world, 1)
        before = sorted(folder.rglob("*"))
        written = predict("rearfoot", root=str(world.root))
        out = folder.with_name("out")
        names = {"anna/walk.mp4.json", "anna/walk.mp4.csv", "anna/walk.mp4.steps.csv", "foot.png.json"}
        assert set(written) == {str(out / name) for name in names}
        assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == names
        assert len(json.loads((out / "anna" / "walk.mp4.json").read_text())["frames"]) == 3
        assert sorted(folder.rglob("*")) == before
        assert listener.lines[0] == "2 files predicted with rearfoot/1, 1 ignored"

    def test_the_next_run_predicts_all_of_them_again_with_the_champion_of_then(
        self, world: World, folder: Path, listener: Listener
    ) -> None:
        champion(world, 1)
        predict("rearfoot", root=str(world.root))
        result = folder.with_name("out") / "foot.png.json"
        assert model_of(result) == "rearfoot/1"
        champion(world, 2)
        cv2.imwrite(str(folder / "late.png"), GREY)
        predict("rearfoot", root=str(world.root))
        assert model_of(result) == model_of(result.with_name("late.png.json")) == "rearfoot/2"
        assert "3 files predicted with rearfoot/2, 1 ignored" in listener.lines

    def test_a_bad_file_fails_the_run_and_the_others_are_done(
        self, world: World, folder: Path, tmp_path: Path, listener: Listener
    ) -> None:
        champion(world, 1)
        (folder / "broken.png").write_bytes(b"no picture")
        with pytest.raises(UserError, match=r"^\S+/in/broken\.png: .*"):
            predict("rearfoot", folder=str(folder), out=str(tmp_path / "out"), root=str(world.root))
        assert sorted(path.name for path in (tmp_path / "out").rglob("*.json")) == ["foot.png.json", "walk.mp4.json"]
        assert listener.lines[0] == "2 files predicted with rearfoot/1, 1 ignored"

    def test_what_is_not_reliable_is_in_the_log_of_a_scheduled_run(
        self, world: World, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        champion(world, 1, max_radius_px=5.0)  # without radii: anything may be too far off
        with caplog.at_level(logging.INFO, "prefect"):
            predict("rearfoot", root=str(world.root))
        logged = [record.getMessage() for record in caplog.records if record.name == "prefect.flow_runs"]
        assert "2 files predicted with rearfoot/1, 1 ignored" in logged
        assert f"{folder / 'anna' / 'walk.mp4'}: 3 of 3 frames are not reliable" in logged

    def test_nothing_to_predict_on_is_a_message(self, world: World) -> None:
        champion(world, 1)
        with pytest.raises(UserError, match=r"data/predict/rearfoot/in: does not exist; give a video"):
            predict("rearfoot", root=str(world.root))
