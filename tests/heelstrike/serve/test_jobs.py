"""Jobs: from uploads to results."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from heelstrike.results import read_result
from heelstrike.serve.app import create_app
from heelstrike.serve.problems import RequestError
from heelstrike.serve.settings import ServeSettings
from tests.service import evaluation, finished, until, upload
from tests.videos import write_video


def test_the_results_are_those_of_predict(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    path = evaluation(client)
    upload(client, path, "walk.mp4", walk)
    state = finished(client, path, overlay=True)
    assert (state["job"]["state"], state["job"]["error"], state["job"]["failed"]) == ("done", None, [])
    assert state["results"] == ["walk.mp4.csv", "walk.mp4.json", "walk.mp4.overlay.mp4", "walk.mp4.steps.csv"]
    results = f"{path}/jobs/{state['job']['id']}/results"
    (tmp_path / "walk.mp4.json").write_bytes(client.get(f"{results}/walk.mp4.json").content)
    result = read_result(tmp_path / "walk.mp4.json")
    assert [len(result.frames), result.frames[0].measure.values["left"]] == [10, pytest.approx(4.29, abs=0.01)]
    overlay = client.get(f"{results}/walk.mp4.overlay.mp4", headers={"Range": "bytes=4-7"})
    assert (overlay.status_code, overlay.content, overlay.headers["Content-Type"]) == (206, b"ftyp", "video/mp4")
    assert client.get(f"{results}/..%2F..%2Fevaluation.json").status_code == 404


def test_a_bad_file_does_not_stop_the_others(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    path = evaluation(client)
    upload(client, path, "walk.mp4", walk)
    upload(client, path, "photo.png", b"\x89PNG\r\n\x1a\n" + bytes(5000))
    job = finished(client, path)["job"]
    assert job["state"] == "done"
    assert [failure["file"] for failure in job["failed"]] == ["photo.png"]
    assert job["failed"][0]["reason"].startswith("photo.png: not a readable image")


def test_a_video_that_never_ends_fails_with_its_reason(client: TestClient, tmp_path: Path) -> None:
    """A live recording declares no length."""
    live = write_video(
        tmp_path / "live.mkv", frames=150, width=32, height=32, container_options={"live": "1"}
    ).read_bytes()
    path = evaluation(client)
    assert upload(client, path, "live.mkv", live).json()["file"]["frames"] is None
    job = finished(client, path)["job"]
    assert job["state"] == "failed"
    assert "live.mkv: has more than 100 frames" in job["error"]


def test_a_job_needs_files_and_a_model(client: TestClient, walk: bytes) -> None:
    path = evaluation(client)
    assert client.post(f"{path}/jobs", json={}).status_code == 409
    upload(client, path, "walk.mp4", walk)
    answer = client.post(f"{path}/jobs", json={"model": "hand"})
    assert (answer.status_code, answer.json()["error"]) == (404, "hand: no such model is served; there are rearfoot")


def test_deleting_leaves_no_file(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    path = evaluation(client)
    upload(client, path, "walk.mp4", walk)
    finished(client, path)
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert list((tmp_path / "data" / "evaluations").iterdir()) == []


def test_a_running_job_is_cancelled_and_queued_ones_begin_after_a_restart(settings: ServeSettings, walk: bytes) -> None:
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        path = evaluation(client)
        upload(client, path, "walk.mp4", walk)
        first, second = (client.post(f"{path}/jobs", json={"overlay": True}).headers["Location"] for _ in range(2))
        until(lambda: client.get(first).json()["job"]["state"] == "running")
        assert client.delete(f"{path}/files/walk.mp4").status_code == 409
        assert client.post(f"{first}/cancel").json()["job"]["state"] == "cancelled"
        until(lambda: client.get(second).json()["job"]["state"] == "running")
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        until(lambda: client.get(second).json()["job"]["state"] == "done")
        assert client.get(first).json()["job"]["state"] == "cancelled"
        assert client.get(first).json()["results"] == []


def test_a_job_is_deleted_once(client: TestClient, walk: bytes) -> None:
    """Two requests may both have got the job before one of them deletes it."""
    path = evaluation(client)
    upload(client, path, "walk.mp4", walk)
    client.post(f"{path}/jobs", json={})
    jobs = client.app.state.service.jobs  # type: ignore[attr-defined]
    (job,) = jobs.all()
    jobs.delete(job)
    with pytest.raises(RequestError, match="there is no such job"):
        jobs.delete(job)
    with pytest.raises(RequestError, match="there is no such job"):
        jobs.cancel(job)


def test_what_has_been_kept_long_enough_is_deleted(settings: ServeSettings, tmp_path: Path, walk: bytes) -> None:
    with TestClient(create_app(replace(settings, keep_days=1)), base_url="http://localhost") as client:
        service = client.app.state.service  # type: ignore[attr-defined]
        old, new = evaluation(client), evaluation(client)
        upload(client, old, "walk.mp4", walk)
        service.evaluations.change(old.rpartition("/")[2], created="2020-01-01T00:00:00.000000Z")
        service.clean()
        assert client.get(old).status_code == 404
        assert client.get(new).status_code == 200
        assert [path.name for path in (tmp_path / "data" / "evaluations").iterdir()] == [new.rpartition("/")[2]]
