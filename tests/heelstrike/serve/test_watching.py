"""`heelstrike serve --record --shadow`: what is noted of the videos that are measured."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from heelstrike.errors import UserError
from heelstrike.monitor.folder import read_disagreements, read_records
from heelstrike.serve.app import create_app
from heelstrike.serve.settings import ServeSettings, Watching, watching_of
from pipeline.registry.promote import promote
from tests.packages import make_package
from tests.service import evaluation, finished, until, upload
from tests.worlds import World, world

__all__ = ["world"]


def test_the_challenger_is_asked_in_the_shadow(world: World, tmp_path: Path, walk: bytes) -> None:
    """The second package calls every marker missing of a confidence below 0.99, which is nearly all of the video."""
    promote(world.root, world.decision(world.candidate(1), None))
    make_package(world.layout.out("package"), confidence=0.99)
    world.register(2)
    settings = ServeSettings(
        data=tmp_path / "data", root=world.root, watching=Watching(tmp_path / "records", shadow=True)
    )
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        until(lambda: client.get("/api/ready").status_code == 200)
        path = evaluation(client)
        upload(client, path, "walk.mp4", walk)
        state = finished(client, path)
    assert (state["job"]["state"], state["job"]["reference"]) == ("done", "rearfoot/1")
    (record,) = read_records(tmp_path / "records").items
    (noted,) = read_disagreements(tmp_path / "records").items
    assert (record.frames, record.measured, record.model.version) == (10, 10, "1")
    assert (noted.champion.version, noted.challenger.version) == ("1", "2")
    assert noted.disagreed == noted.measured_by[1] >= 8 and sum(noted.measured_by) == 10
    assert noted.id == record.id


def test_an_image_of_a_request_has_a_record(settings: ServeSettings, tmp_path: Path) -> None:
    watching = ServeSettings(data=settings.data, package=settings.package, watching=Watching(tmp_path / "records"))
    picture = cv2.imencode(".png", np.full((60, 80, 3), 120, np.uint8))[1].tobytes()
    with TestClient(create_app(watching), base_url="http://localhost") as client:
        answers = [client.post("/api/predict", content=picture) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    (record,) = read_records(tmp_path / "records").items
    assert (record.kind, record.width, record.measured, record.picture.brightness) == ("image", 80, 1, 120)


def test_a_folder_that_cannot_be_had_keeps_no_result_back(settings: ServeSettings, tmp_path: Path, walk: bytes) -> None:
    (tmp_path / "records").write_text("a file")
    watching = ServeSettings(data=settings.data, package=settings.package, watching=Watching(tmp_path / "records"))
    with TestClient(create_app(watching), base_url="http://localhost") as client:
        path = evaluation(client)
        upload(client, path, "walk.mp4", walk)
        assert finished(client, path)["job"]["state"] == "done"


def test_the_shadow_needs_a_folder() -> None:
    with pytest.raises(UserError, match="give --record FOLDER"):
        watching_of(None, shadow=True)
    assert watching_of(Path("records"), shadow=False) == Watching(Path("records").resolve(), False)
