"""What the pages load, and the pages themselves, by requests."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.service import evaluation, finished, upload

NAME = "a walk & way.mp4"


@pytest.fixture
def measured(client: TestClient, walk: bytes) -> tuple[str, str]:
    """Paths of an evaluation and of its job in the API; the job is done."""
    path = evaluation(client)
    upload(client, path, NAME, walk)
    return path, f"{path}/jobs/{finished(client, path)['job']['id']}"


def test_a_job_prepares_what_the_pages_load(client: TestClient, measured: tuple[str, str]) -> None:
    path, job = measured
    view = client.get(f"{path}/views/{NAME}", headers={"Range": "bytes=4-7"})
    assert (view.status_code, view.content, view.headers["Content-Type"]) == (206, b"ftyp", "video/mp4")
    assert view.headers["Cache-Control"] == "no-store", "a cache would keep pictures of patients"
    assert client.get(f"{job}/columns/{NAME}").content[4:15] == b'{"result": '
    frames = client.get(f"{job}/frames/{NAME}?first=8&count=5").json()
    assert [frame["frame"] for frame in frames] == [8, 9]
    report = client.get(f"{job}/report/{NAME}")
    assert (report.content[:5], report.headers["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert not [name for name in client.get(job).json()["results"] if name.startswith(".")]


def test_deleting_a_file_deletes_its_copy(client: TestClient, measured: tuple[str, str], tmp_path: Path) -> None:
    path, _ = measured
    views = next(tmp_path.glob("data/evaluations/*/views"))
    assert len(list(views.iterdir())) == 1
    assert client.delete(f"{path}/files/{NAME}").status_code == 204
    assert list(views.iterdir()) == []
    assert client.get(f"{path}/views/{NAME}").status_code == 404


def test_a_result_is_not_shown_with_another_file_of_the_same_name(
    client: TestClient, measured: tuple[str, str], walk: bytes
) -> None:
    path, job = measured
    client.delete(f"{path}/files/{NAME}")
    upload(client, path, NAME, walk)
    assert client.get(f"{job}/columns/{NAME}").status_code == 404
    assert client.get(f"{path.removeprefix('/api')}/results/{job.rpartition('/')[2]}/{NAME}").status_code == 404


def test_every_page_answers(client: TestClient, measured: tuple[str, str]) -> None:
    path, job = measured
    page, number = path.removeprefix("/api"), job.rpartition("/")[2]
    result = client.get(f"{page}/results/{number}/{NAME}")
    assert (result.status_code, "Report (PDF)" in result.text) == (200, True)
    assert client.get(page).status_code == 200
    start = client.get("/", params={"q": "WALK"})
    assert (start.status_code, page in start.text) == (200, True)
    assert page not in client.get("/", params={"q": "somebody else"}).text
    for wrong in (f"{page}/results/{number}/other.mp4", f"{page}/results/0/{NAME}", "/evaluations/0"):
        assert client.get(wrong).status_code == 404
