"""Labels of frames: saving, revisions, roles, and the label file."""

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from heelstrike.cli import app as cli
from heelstrike.serve.accounts import Accounts
from heelstrike.serve.app import create_app
from heelstrike.serve.roles import Role
from heelstrike.serve.settings import ServeSettings
from tests.packages import make_package, sign
from tests.service import evaluation, finished, upload
from tests.videos import write_video

PASSWORD = "correct horse"
NAME = "walk.mp4"
ABSENT = {"x": None, "y": None, "v": 0}


def points(x: float = 10.25, v: int = 2) -> list[dict[str, Any]]:
    """Six points on a vertical line."""
    return [{"x": x, "y": 10.0 + 5 * k, "v": v} for k in range(6)]


@pytest.fixture
def app(settings: ServeSettings, tmp_path: Path) -> Iterator[TestClient]:
    """A service of one user that hands over to an inbox."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with TestClient(create_app(replace(settings, inbox=inbox)), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def measured(app: TestClient, walk: bytes) -> tuple[str, str]:
    """Paths of an evaluation, and of the labels of its measured video."""
    path = evaluation(app, mm_per_px=0.5, about={"shoe": "=none"})
    upload(app, path, NAME, walk)
    return path, f"{path}/jobs/{finished(app, path)['job']['id']}/labels/{NAME}"


def save(client: TestClient, labels: str, frame: int = 3, who: str | None = "ada", **fields: Any) -> Any:
    return client.put(f"{labels}/{frame}", json={"points": points(), "who": who, **fields})


def test_a_label_is_kept_with_who_and_when(app: TestClient, measured: tuple[str, str], settings: ServeSettings) -> None:
    _, labels = measured
    made = save(app, labels, points=[*points()[:5], ABSENT]).json()
    assert (made["number"], made["who"], made["when"][-1]) == (1, "ada", "Z")
    known = app.get(labels).json()
    assert known["target"]["keypoints"][0] == "left_shank"
    assert known["target"]["flip_pairs"][0] == ["left_shank", "right_shank"]
    assert known["frames"]["3"]["label"]["points"][5] == ABSENT
    again = save(app, labels, based_on=1, who="grace").json()
    assert (again["number"], again["based_on"]) == (2, 1)
    (file,) = settings.data.glob("evaluations/*/labels/rearfoot/walk.mp4.json")
    assert '"ada"' in file.read_text(), "the first revision stays"


def test_a_save_that_is_based_on_an_old_revision_is_refused_with_the_present_one(
    app: TestClient, measured: tuple[str, str]
) -> None:
    _, labels = measured
    save(app, labels)
    stale = save(app, labels, who="grace", points=points(40))
    assert stale.status_code == 409
    assert stale.json()["error"].startswith("ada has saved this frame meanwhile, at ")
    assert stale.json()["current"]["points"] == points()
    assert save(app, labels, who="grace", points=points(40), based_on=1).status_code == 200
    assert save(app, labels, based_on=1).status_code == 409


def test_a_save_that_is_repeated_after_a_lost_answer_succeeds_and_changes_nothing(
    app: TestClient, measured: tuple[str, str], settings: ServeSettings
) -> None:
    _, labels = measured
    made = save(app, labels).json()
    assert save(app, labels).json() == made
    second = save(app, labels, points=points(20), based_on=1).json()
    save(app, labels, who="grace", points=points(40), based_on=2)
    assert save(app, labels, points=points(20), based_on=1).json() == second, "grace's label still counts"
    assert app.get(labels).json()["frames"]["3"]["label"]["who"] == "grace"
    assert save(app, labels, who="grace", based_on=0).status_code == 409, "somebody else's save is no repetition"
    assert save(app, labels, points=points(21), based_on=1).status_code == 409
    reading = save(app, labels, points=points(12), reading=True).json()
    assert save(app, labels, points=points(12), reading=True).json() == reading
    (file,) = settings.data.glob("evaluations/*/labels/rearfoot/walk.mp4.json")
    assert len(json.loads(file.read_text())["frames"]["3"]["revisions"]) == 3


def test_second_readings_are_a_users_and_not_of_the_next_of_that_name(settings: ServeSettings, walk: bytes) -> None:
    accounts = Accounts(settings.data)
    accounts.add("ada", Role.ADMINISTRATOR, PASSWORD)
    accounts.add("grace", Role.LABELLER, PASSWORD)
    with TestClient(create_app(replace(settings, users=True)), base_url="http://localhost") as app:
        ada, grace = _logged_in(app, "ada"), _logged_in(app, "grace")
        path = evaluation(ada)
        upload(ada, path, NAME, walk)
        labels = f"{path}/jobs/{finished(ada, path)['job']['id']}/labels/{NAME}"
        ada.patch(path, json={"shared_with": ["grace"]})
        assert save(grace, labels, who=None, reading=True).json()["who"] == "grace"
        accounts.remove("grace")
        accounts.add("grace", Role.LABELLER, PASSWORD)
        ada.patch(path, json={"shared_with": ["grace"]})
        later = _logged_in(app, "grace")
        assert later.get(labels, params={"reading": True}).json()["frames"]["3"]["reading"] is None
        assert save(later, labels, who=None, reading=True, points=points(12)).json()["number"] == 1
        (found,) = ada.get("/api/labels/agreement").json()
        assert (found["first"], found["second"], found["all_points"]["mean"]) == ("grace", "grace", 1.75)


WRONG: list[tuple[int, dict[str, Any], str]] = [
    (10, {}, "walk.mp4 has the frames 0 to 9, found 10"),
    (0, {"points": points()[:5]}, "found 5, expected 6"),
    (0, {"points": points(95.6)}, "left_shank lies outside of the picture"),
    (0, {"points": [{"x": 1.0, "y": None, "v": 2}] * 6}, "has both"),
    (0, {"points": [{"x": 1.0, "y": 1.0, "v": 0}] * 6}, "has no coordinates"),
    (0, {"points": [{"x": 1.0, "y": 1.0, "v": 3}] * 6}, "0, 1 or 2"),
    (0, {"who": None}, "say who labels"),
    (0, {"based_on": -1}, "based_on"),
]


def test_labels_that_cannot_be(app: TestClient, measured: tuple[str, str]) -> None:
    for frame, fields, words in WRONG:
        answer = save(app, measured[1], frame, **fields)
        assert (answer.status_code, words in answer.json()["error"]) == (422, True), words


def test_of_many_saves_at_once_one_succeeds(app: TestClient, measured: tuple[str, str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: save(app, measured[1], who=f"person {n}"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert {answer.json()["current"]["who"] for answer in answers if answer.status_code == 409} == {winner["who"]}


def test_a_second_reading_does_not_see_the_label_and_does_not_change_it(
    app: TestClient, measured: tuple[str, str]
) -> None:
    _, labels = measured
    save(app, labels)
    blind = app.get(labels, params={"reading": True, "who": "grace"}).json()["frames"]
    assert blind == {"3": {"label": None, "reading": None}}
    assert save(app, labels, who="grace", points=points(12), reading=True).status_code == 200
    assert app.get(labels).json()["frames"]["3"]["label"]["points"] == points()
    own = app.get(labels, params={"reading": True, "who": "grace"}).json()["frames"]["3"]["reading"]
    assert own["points"] == points(12)
    (agreement,) = app.get("/api/labels/agreement").json()
    assert (agreement["first"], agreement["second"], agreement["all_points"]["mean"]) == ("ada", "grace", 1.75)


def test_the_label_file(app: TestClient, measured: tuple[str, str]) -> None:
    path, labels = measured
    save(app, labels, 7, points=[*points(10.256, 1)[:5], ABSENT])
    save(app, labels, 3)
    text = app.get(f"{path}/labels/sheet", params={"problem": "rearfoot", "subject": "P-1"}).text
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["video"], first["frame"], first["subject"], first["labeller"]) == (NAME, "3", "P-1", "ada")
    assert (first["image_width"], first["image_height"], first["mm_per_px"]) == ("96", "64", "0.5")
    assert (second["frame"], second["left_shank_x"], second["left_shank_v"]) == ("7", "10.26", "1")
    assert (second["right_heel_x"], second["right_heel_y"], second["right_heel_v"]) == ("", "", "0")
    assert first["shoe"] == "'=none", "no formula for a spreadsheet"


def test_handing_over(app: TestClient, measured: tuple[str, str], tmp_path: Path) -> None:
    path, labels = measured
    request = {"problem": "rearfoot", "subject": "P-1", "who": "ada"}
    empty = app.post(f"{path}/labels/hand-over", json=request)
    assert (empty.status_code, "nothing is labelled" in empty.json()["error"]) == (422, True)
    save(app, labels)
    done = app.post(f"{path}/labels/hand-over", json=request).json()
    folder = tmp_path / "inbox" / "rearfoot" / f"labels-{path.rpartition('/')[2]}"
    assert (done["labels"], done["folder"]) == (1, str(folder))
    (folder / NAME).unlink()  # as if an ingest were taking the files
    save(app, labels, 4)
    assert app.post(f"{path}/labels/hand-over", json=request).json()["labels"] == 2
    assert sorted(file.name for file in folder.iterdir()) == ["labels.csv", NAME]
    assert (folder / NAME).read_bytes() == app.get(f"{path}/files/{NAME}").content
    assert len((folder / "labels.csv").read_text().splitlines()) == 3
    page = app.get("/label").text
    assert "2 labels handed over by ada" in page
    assert "changed since" not in page
    save(app, labels, based_on=1)
    assert "changed since" in app.get("/label").text


def test_a_file_that_was_deleted_is_not_handed_over_again(
    app: TestClient, measured: tuple[str, str], tmp_path: Path, walk: bytes
) -> None:
    path, labels = measured
    request = {"problem": "rearfoot", "subject": "P-1", "who": "ada"}
    save(app, labels)
    app.post(f"{path}/labels/hand-over", json=request)
    upload(app, path, "second.mp4", walk)
    job = finished(app, path)["job"]["id"]
    save(app, f"{path}/jobs/{job}/labels/second.mp4")
    app.delete(f"{path}/files/{NAME}")
    assert app.post(f"{path}/labels/hand-over", json=request).json()["files"] == ["second.mp4"]
    folder = next((tmp_path / "inbox" / "rearfoot").iterdir())
    assert sorted(file.name for file in folder.iterdir()) == ["labels.csv", "second.mp4"]


def test_another_video_under_a_name_that_was_handed_over(
    app: TestClient, measured: tuple[str, str], tmp_path: Path
) -> None:
    """The labels of the new video come with the new video, and not with the one that waits in the inbox."""
    path, labels = measured
    request = {"problem": "rearfoot", "subject": "P-1", "who": "ada"}
    save(app, labels)
    app.post(f"{path}/labels/hand-over", json=request)
    app.delete(f"{path}/files/{NAME}")
    other = write_video(tmp_path / NAME, frames=7).read_bytes()
    upload(app, path, NAME, other)
    save(app, f"{path}/jobs/{finished(app, path)['job']['id']}/labels/{NAME}", 5)
    assert app.post(f"{path}/labels/hand-over", json=request).json()["labels"] == 1
    folder = next((tmp_path / "inbox" / "rearfoot").iterdir())
    assert (folder / NAME).read_bytes() == other
    assert [row["frame"] for row in csv.DictReader((folder / "labels.csv").open())] == ["5"]


def test_the_code_of_the_person_is_not_blank(
    app: TestClient, measured: tuple[str, str], settings: ServeSettings, tmp_path: Path
) -> None:
    """It decides on the split, so that people without a code would be one person."""
    path, labels = measured
    save(app, labels)
    request = {"problem": "rearfoot", "subject": " ", "who": "ada"}
    assert app.post(f"{path}/labels/hand-over", json=request).status_code == 422
    assert app.get(f"{path}/labels/sheet", params=request).status_code == 422
    words = ["labels", "hand-over", "walk", "--subject", " ", "--to", str(tmp_path / "inbox")]
    result = CliRunner().invoke(cli, [*words, "--data", str(settings.data)])
    assert (result.exit_code, "the code of the person is empty" in result.output) == (1, True)
    assert list((tmp_path / "inbox").iterdir()) == []


def test_the_command_works_while_the_service_runs(
    app: TestClient, measured: tuple[str, str], settings: ServeSettings, tmp_path: Path
) -> None:
    path, labels = measured
    save(app, labels)
    save(app, labels, who="grace", points=points(12), reading=True)

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["labels", *words, "--data", str(settings.data)])

    assert "ada and grace labelled 1 frames independently" in run("agreement").output
    (agreement,) = json.loads(run("agreement", "--json").output)
    assert agreement["values"][0]["unit"] == "deg"
    done = run("hand-over", "walk", "--subject", "P-1", "--to", str(tmp_path / "inbox"))
    assert (done.exit_code, "1 labels of walk are in" in done.output) == (0, True)
    assert len(list((tmp_path / "inbox" / "rearfoot").rglob("labels.csv"))) == 1
    wrong = run("hand-over", "other", "--subject", "P-1", "--to", str(tmp_path / "inbox"))
    assert (wrong.exit_code, f"there are walk ({path.rpartition('/')[2]})" in wrong.output) == (1, True)
    nowhere = run("hand-over", "walk", "--subject", "P-1", "--to", str(tmp_path / "nowhere"))
    assert (nowhere.exit_code, "no such folder" in nowhere.output) == (1, True)


def test_without_an_inbox_the_label_file_is_downloaded(client: TestClient, walk: bytes) -> None:
    path = evaluation(client)
    answer = client.post(f"{path}/labels/hand-over", json={"problem": "rearfoot", "subject": "P-1", "who": "ada"})
    assert (answer.status_code, "--inbox" in answer.json()["error"]) == (409, True)


def test_labels_are_deleted_with_their_file(
    app: TestClient, measured: tuple[str, str], settings: ServeSettings
) -> None:
    path, labels = measured
    save(app, labels)
    assert len(list(settings.data.rglob("walk.mp4.json"))) == 2
    assert app.delete(f"{path}/files/{NAME}").status_code == 204
    assert list(settings.data.glob("evaluations/*/labels/*/*")) == []


def test_roles(settings: ServeSettings, walk: bytes) -> None:
    """Labellers and administrators label, reviewers look, clinicians do neither unless they are given the right."""
    accounts, roles = Accounts(settings.data), (*Role,)
    for role in roles:
        accounts.add(role, role, PASSWORD)
    for given in ((), (Role.CLINICIAN,)):
        with TestClient(
            create_app(replace(settings, users=True, label_roles=given)), base_url="http://localhost"
        ) as app:
            clients = {role: _logged_in(app, role) for role in roles}
            path = evaluation(clients[Role.CLINICIAN])
            upload(clients[Role.CLINICIAN], path, NAME, walk)
            job = finished(clients[Role.CLINICIAN], path)["job"]["id"]
            labels = f"{path}/jobs/{job}/labels/{NAME}"
            assert save(clients[Role.LABELLER], labels, who=None).status_code == 404, "it is not shared"
            clients[Role.CLINICIAN].patch(path, json={"shared_with": [str(role) for role in roles]})
            saved = {role: save(clients[role], labels, n, who=None).status_code for n, role in enumerate(roles)}
            seen = {role: clients[role].get(labels).status_code for role in roles}
            pages = {role: clients[role].get("/label").status_code for role in roles}
            may = {role for role, status in saved.items() if status == 200}
            assert may == {Role.LABELLER, Role.ADMINISTRATOR, *given}
            assert {role for role, status in seen.items() if status == 200} == may | {Role.REVIEWER}
            assert pages == seen
            assert clients[Role.LABELLER].get(labels).json()["frames"]["1"]["label"]["who"] == "labeller"
            refused = save(clients[Role.REVIEWER], labels, who=None)
            assert (refused.status_code, "yours is reviewer" in refused.json()["error"]) == (403, True)


def _logged_in(app: TestClient, name: str) -> TestClient:
    client = TestClient(app.app, base_url="http://localhost")
    answer = client.post("/api/login", json={"name": name, "password": PASSWORD})
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


def test_the_pages_answer(app: TestClient, measured: tuple[str, str]) -> None:
    _, labels = measured
    _, _, _, evaluation_id, _, job, _, name = labels.split("/")
    queue = app.get("/label", params={"count": 5})
    assert (queue.status_code, queue.text.count('<tr><td><a href="/label/')) == (200, 5)
    assert app.get(f"/label/{evaluation_id}/{job}/{name}").status_code == 200
    assert app.get(f"/label/{evaluation_id}/{job}/other.mp4").status_code == 404
    assert app.get("/label/agreement").status_code == 200
    assert f"/label/{evaluation_id}/{job}/{name}" in app.get(f"/evaluations/{evaluation_id}/results/{job}/{name}").text
    first, again = (app.get("/api/labels/queue", params={"problem": "rearfoot"}).json() for _ in range(2))
    assert first == again
    assert {item["by"] for item in first["items"]} >= {"random"}


def test_the_queue_asks_for_a_second_model_until_there_is_one(
    settings: ServeSettings, tmp_path: Path, walk: bytes
) -> None:
    make_package(other := tmp_path / "other")
    sign(other, metrics={"seed": 2.0})
    path = ""
    for package, compared in ((settings.package, False), (settings.package, False), (other, True)):
        with TestClient(create_app(replace(settings, package=package)), base_url="http://localhost") as app:
            if not path:
                path = evaluation(app)
                upload(app, path, NAME, walk)
            finished(app, path)
            assert app.get("/api/labels/queue", params={"problem": "rearfoot"}).json()["compared"] is compared
            assert ("Measure the files with a second model" in app.get("/label").text) is not compared
