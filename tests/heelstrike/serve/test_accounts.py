"""Accounts: logging in, roles, cookies, and who sees what."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.serve.accounts import Accounts
from heelstrike.serve.app import create_app
from heelstrike.serve.roles import Role
from heelstrike.serve.settings import ServeSettings
from tests.service import evaluation, finished, upload

PASSWORD = "correct horse"


@pytest.fixture
def app(settings: ServeSettings) -> Iterator[TestClient]:
    accounts = Accounts(settings.data)
    accounts.add("ada", Role.CLINICIAN, PASSWORD)
    accounts.add("grace", Role.REVIEWER, PASSWORD)
    with TestClient(create_app(replace(settings, users=True)), base_url="http://localhost") as client:
        yield client


def browser(app: TestClient, name: str) -> TestClient:
    """A browser in which a user has logged in."""
    client = TestClient(app.app, base_url="http://localhost")
    answer = client.post("/api/login", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


def test_nothing_is_shown_without_logging_in(app: TestClient) -> None:
    for path in ("/api/evaluations", "/api/models", "/api/me", "/api/users"):
        assert app.get(path).status_code == 401
    assert app.post("/api/predict", content=b"").status_code == 401
    page = app.get("/", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (page.status_code, page.headers["Location"]) == (303, "/login?next=/")


def test_who_has_logged_in_can_log_out_on_every_page(app: TestClient) -> None:
    html, button = {"Accept": "text/html"}, 'data-part="log-out"'
    assert button in browser(app, "ada").get("/", headers=html).text
    assert button not in app.get("/login", headers=html).text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: TestClient) -> None:
    answer = app.post("/api/login", json={"name": "ada", "password": PASSWORD})
    flags = {flag.strip().lower() for flag in answer.headers["Set-Cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags


def test_a_write_by_cookie_needs_the_sessions_token(app: TestClient) -> None:
    ada = browser(app, "ada")
    del ada.headers["X-CSRF-Token"]
    assert ada.post("/api/evaluations", json={"name": "x"}).status_code == 403
    assert ada.get("/api/evaluations").status_code == 200
    ada.headers["X-CSRF-Token"] = ada.get("/api/me").json()["csrf"]
    assert ada.post("/api/evaluations", json={"name": "x"}).status_code == 201


def test_a_program_uses_the_token(app: TestClient) -> None:
    token = app.post("/api/login", json={"name": "ada", "password": PASSWORD}).json()["token"]
    program = TestClient(app.app, base_url="http://localhost", headers={"Authorization": f"Bearer {token}"})
    assert program.post("/api/evaluations", json={"name": "x"}).status_code == 201
    assert program.get("/api/me").json()["role"] == "clinician"


def test_logging_out_ends_the_session(app: TestClient) -> None:
    token = app.post("/api/login", json={"name": "ada", "password": PASSWORD}).json()["token"]
    program = TestClient(app.app, base_url="http://localhost", headers={"Authorization": f"Bearer {token}"})
    assert program.post("/api/logout").status_code == 204
    assert program.get("/api/me").status_code == 401


def test_nobody_sees_anothers_evaluation_unless_it_is_shared(app: TestClient, walk: bytes) -> None:
    ada, grace = browser(app, "ada"), browser(app, "grace")
    path = evaluation(ada)
    location = upload(ada, path, "walk.mp4", walk)
    assert location.status_code == 200
    state = finished(ada, path)
    inside = [path, f"{path}/files/walk.mp4", f"{path}/jobs", f"{path}/jobs/{state['job']['id']}"]
    inside.append(f"{path}/jobs/{state['job']['id']}/results/walk.mp4.json")
    assert [grace.get(url).status_code for url in inside] == [404] * 5
    assert grace.get("/api/evaluations").json() == []
    assert ada.patch(path, json={"shared_with": ["nobody"]}).status_code == 422
    assert ada.patch(path, json={"shared_with": ["grace"]}).status_code == 200
    assert [grace.get(url).status_code for url in inside] == [200] * 5
    assert [record["name"] for record in grace.get("/api/evaluations").json()] == ["walk"]
    for write in (grace.delete(path), grace.post(f"{path}/jobs", json={}), grace.patch(path, json={"name": "mine"})):
        assert write.status_code == 404


def test_administrators_manage_users(app: TestClient, settings: ServeSettings) -> None:
    Accounts(settings.data).add("root", Role.ADMINISTRATOR, PASSWORD)
    ada, root = browser(app, "ada"), browser(app, "root")
    new = {"name": "lin", "password": PASSWORD, "role": "labeller"}
    refused = ada.post("/api/users", json=new)
    assert (refused.status_code, refused.json()["error"]) == (
        403,
        "this is for the role administrator; yours is clinician",
    )
    assert root.post("/api/users", json=new).status_code == 201
    assert browser(app, "lin").get("/api/me").json()["role"] == "labeller"
    assert ada.delete("/api/users/lin").status_code == 403
    assert root.delete("/api/users/lin").status_code == 204
    assert root.get("/api/users").json() == ["ada", "grace", "root"]


def test_a_later_user_of_the_same_name_gets_nothing_of_a_removed_one(app: TestClient, settings: ServeSettings) -> None:
    """What was removed, and what was shared with somebody who was, is the administrators' and the owner's."""
    Accounts(settings.data).add("root", Role.ADMINISTRATOR, PASSWORD)
    ada, grace, root = (browser(app, name) for name in ("ada", "grace", "root"))
    own, shared = evaluation(ada, "own"), evaluation(grace, "shared")
    assert grace.patch(shared, json={"shared_with": ["ada", "root"]}).status_code == 200
    assert [root.get(own).status_code, ada.get(shared).status_code] == [404, 200]
    assert root.delete("/api/users/ada").status_code == 204
    assert root.post("/api/users", json={"name": "ada", "password": PASSWORD}).status_code == 201
    later = browser(app, "ada")
    assert [later.get(path).status_code for path in (own, shared)] == [404, 404]
    assert later.get("/api/evaluations").json() == []
    assert grace.get(shared).json()["shared_with"] == ["root"]
    assert (grace.get(own).status_code, root.get(own).status_code) == (404, 200)
    assert "of ada, who was removed" in root.get("/", headers={"Accept": "text/html"}).text
    assert root.delete(own).status_code == 204


def test_evaluations_of_before_users_had_ids_stay_with_their_owners(settings: ServeSettings) -> None:
    """A data folder as it was written before 29 November 2026."""
    users = Accounts(settings.data)
    users.add("ada", Role.CLINICIAN, PASSWORD)
    users.add("grace", Role.REVIEWER, PASSWORD)
    with closing(sqlite3.connect(settings.data / "accounts.db")) as database, database:
        database.execute("ALTER TABLE users DROP COLUMN id")
    for number, fields in enumerate(({"owner": "ada", "shared_with": ["grace", "bob"]}, {"owner": "bob"})):
        record = {"id": str(number), "name": "old", "created": "2026-11-01T00:00:00Z", **fields}
        write_json(settings.data / "evaluations" / str(number) / "evaluation.json", record)
    for _ in range(2):  # the second start finds what the first has written
        with TestClient(create_app(replace(settings, users=True)), base_url="http://localhost") as client:
            ada, grace = browser(client, "ada"), browser(client, "grace")
            assert [[user.get(f"/api/evaluations/{n}").status_code for n in (0, 1)] for user in (ada, grace)] == [
                [200, 404],
                [200, 404],
            ]
            assert ada.get("/api/evaluations/0").json()["shared_with"] == ["grace"]
    users.add("bob", Role.CLINICIAN, PASSWORD)
    with TestClient(create_app(replace(settings, users=True)), base_url="http://localhost") as client:
        assert browser(client, "bob").get("/api/evaluations/1").status_code == 404


def test_users_get_different_ids_after_a_start_that_was_killed_while_it_gave_them(settings: ServeSettings) -> None:
    """Users without ids would see each other's evaluations."""
    users = Accounts(settings.data)
    for name in ("ada", "grace"):
        users.add(name, Role.CLINICIAN, PASSWORD)
    with closing(sqlite3.connect(settings.data / "accounts.db")) as database, database:
        database.execute("UPDATE users SET id = ''")
    given = [user.id for user in Accounts(settings.data).users()]
    assert len(set(given)) == 2 and "" not in given
    assert [user.id for user in Accounts(settings.data).users()] == given


def test_attempts_are_limited(app: TestClient) -> None:
    def attempt(name: str, password: str) -> int:
        return app.post("/api/login", json={"name": name, "password": password}).status_code

    assert [attempt("ada", "wrong") for _ in range(10)] == [401] * 10
    assert attempt("ada", PASSWORD) == 429
    assert attempt("grace", PASSWORD) == 200


def test_passwords_are_not_stored(settings: ServeSettings) -> None:
    accounts = Accounts(settings.data)
    accounts.add("ada", Role.CLINICIAN, PASSWORD)
    token = accounts.log_in("ada", PASSWORD, "127.0.0.1")
    content = (settings.data / "accounts.db").read_bytes()
    assert PASSWORD.encode() not in content
    assert token.encode() not in content
    assert (settings.data / "accounts.db").stat().st_mode & 0o077 == 0


def test_another_password_ends_the_sessions(settings: ServeSettings) -> None:
    accounts = Accounts(settings.data)
    accounts.add("ada", Role.CLINICIAN, PASSWORD)
    token = accounts.log_in("ada", PASSWORD, "127.0.0.1")
    accounts.set_password("ada", "another password")
    assert accounts.user(token) is None


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [("ada", "short", "at least 10"), ("", PASSWORD, "not possible"), ("a\nb", PASSWORD, "not possible")],
)
def test_impossible_accounts(settings: ServeSettings, name: str, password: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Accounts(settings.data).add(name, Role.CLINICIAN, password)


def test_the_command(tmp_path: Path) -> None:
    def users(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "heelstrike", "users", *words, "--data", str(tmp_path)]
        return subprocess.run(command, input=f"{PASSWORD}\n", capture_output=True, text=True, check=False)

    assert users("add", "ada", "--role", "labeller", "--password-file", "-").stdout == "ada is added as labeller\n"
    again = users("add", "ada", "--password-file", "-")
    assert (again.returncode, again.stderr) == (1, "Error: ada: there is a user of this name already\n")
    assert users("list").stdout == "ada  labeller\n"
    assert Accounts(tmp_path).log_in("ada", PASSWORD, "127.0.0.1")
