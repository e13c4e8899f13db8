"""Comparisons of a real registry in a service without a checkout: shown byte for byte, annotated, not decided on."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from heelstrike.errors import UserError
from heelstrike.registry.client import connect
from heelstrike.registry.comparison import COMPARISON_TAG, ComparisonPage, entry_of, fetch_page, path_of
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.versions import Version
from heelstrike.serve.accounts import Accounts
from heelstrike.serve.app import create_app
from heelstrike.serve.notes import NoteStore
from heelstrike.serve.roles import Role
from heelstrike.serve.settings import ServeSettings
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry
from tests.heelstrike.serve.test_accounts import PASSWORD, browser
from tests.worlds import World, world

__all__ = ["world"]

PAGE = "<html><body><main class='comparison'><p>2 against 1</p></main></body></html>"
DIGEST = hashlib.sha256(PAGE.encode()).hexdigest()
AT = "/api/reviews/rearfoot/2"


@pytest.fixture
def compared(world: World) -> Version:
    """A champion, and a second version with a page that compares both."""
    promote(world.root, world.decision(world.candidate(1), None))
    version = world.candidate(2)
    with open_registry(world.root, "rearfoot") as registry:
        registry.client.log_text(version.run_id, PAGE, path_of(2, 1))
        registry.tag(2, {COMPARISON_TAG: entry_of(path_of(2, 1), DIGEST), "verdict": "All gates passed."})
    return version


@pytest.fixture
def settings(tmp_path: Path, world: World, compared: Version) -> ServeSettings:
    return ServeSettings(data=tmp_path / "data", root=world.root)


@pytest.fixture
def app(settings: ServeSettings) -> Iterator[TestClient]:
    """A service with users of every role."""
    accounts = Accounts(settings.data)
    for name, role in (("ada", Role.CLINICIAN), ("grace", Role.REVIEWER), ("lin", Role.LABELLER)):
        accounts.add(name, role, PASSWORD)
    accounts.add("mary", Role.REVIEWER, PASSWORD)
    with TestClient(create_app(replace(settings, users=True)), base_url="http://localhost") as client:
        yield client


def test_a_comparison_is_listed_and_shown_byte_for_byte_and_can_run_nothing(client: TestClient) -> None:
    (entry,) = client.get("/api/reviews").json()
    assert (entry["problem"], entry["version"], entry["against"], entry["page"]) == ("rearfoot", 2, 1, DIGEST)
    assert (entry["verdict"], entry["champion"], entry["waiting"]) == ("All gates passed.", False, None)
    assert "heelstrike approve rearfoot/2" in entry["undecidable"]
    page = client.get(f"{AT}/page")
    assert page.content == PAGE.encode()
    policy = page.headers["Content-Security-Policy"]
    assert "sandbox;" in policy and "default-src 'none'" in policy and "script" not in policy
    for path in ("/api/reviews/rearfoot/1", "/api/reviews/other/2", "/api/reviews/../2/page", f"{AT}9/page"):
        assert client.get(path).status_code == 404
    html = client.get("/reviews/rearfoot/2", headers={"Accept": "text/html"}).text
    assert DIGEST in html and "<form" not in html.split("Filter")[0]


def test_nobody_decides_without_a_checkout(client: TestClient) -> None:
    refused = client.post(f"{AT}/decision", json={"verdict": "approve", "page": DIGEST})
    assert (refused.status_code, "heelstrike approve rearfoot/2" in refused.json()["error"]) == (409, True)


def test_a_page_that_was_changed_is_not_shown(client: TestClient, world: World, compared: Version) -> None:
    open_mlflow(world.root).log_text(compared.run_id, PAGE + " ", path_of(2, 1))
    refused = client.get(f"{AT}/page")
    assert (refused.status_code, "was changed after it was stored" in refused.json()["error"]) == (422, True)
    open_mlflow(world.root).delete_run(compared.run_id)
    page = ComparisonPage(replace(compared, run_id="0" * 32), 1, path_of(2, 1), DIGEST)
    with pytest.raises(UserError, match="rearfoot/2: the MLflow run that made it was deleted"):
        fetch_page(connect(world.root), page)


def test_notes_say_who_wrote_them_and_outlive_the_service(app: TestClient, settings: ServeSettings) -> None:
    grace, mary = browser(app, "grace"), browser(app, "mary")
    new = {"page": DIGEST, "image": "a/b.png", "text": "ankle is off"}
    note = grace.post(f"{AT}/notes", json=new)
    assert (note.status_code, note.json()["by"], note.json()["image"]) == (201, "grace", "a/b.png")
    assert grace.post(f"{AT}/notes", json=new).json() == note.json(), "sent again, since the answer was lost"
    assert mary.post(f"{AT}/notes", json=new | {"image": "", "text": "agreed\nsee above"}).status_code == 201
    assert [(each["by"], each["text"]) for each in grace.get(f"{AT}/notes").json()] == [
        ("grace", "ankle is off"),
        ("mary", "agreed\nsee above"),
    ]
    place = f"{AT}/notes/{note.json()['id']}"
    assert (mary.delete(place).status_code, grace.delete(place).status_code) == (403, 204)
    assert grace.delete(place).status_code == 404
    assert [each.by for each in NoteStore(settings.data).of("rearfoot", 2)] == ["mary"]
    for wrong in ({"text": ""}, {"text": " \n"}, {"page": "x"}, {"text": "x" * 2001}, {"more": 1}):
        assert grace.post(f"{AT}/notes", json=new | wrong).status_code == 422
    assert grace.post("/api/reviews/rearfoot/1/notes", json=new).status_code == 404


def test_a_note_belongs_to_its_author_and_not_to_a_later_user_of_that_name(
    app: TestClient, settings: ServeSettings
) -> None:
    accounts = Accounts(settings.data)
    accounts.add("root", Role.ADMINISTRATOR, PASSWORD)
    grace, root = browser(app, "grace"), browser(app, "root")
    note = grace.post(f"{AT}/notes", json={"page": DIGEST, "text": "ankle is off"}).json()
    place = f"{AT}/notes/{note['id']}"
    assert [user.get(f"{AT}/notes").json()[0]["removable"] for user in (grace, root)] == [True, False]
    assert root.delete(place).status_code == 403
    accounts.remove("grace")
    accounts.add("grace", Role.REVIEWER, PASSWORD)
    later = browser(app, "grace")
    assert [user.get(f"{AT}/notes").json()[0]["removable"] for user in (later, root)] == [False, True]
    assert [user.delete(place).status_code for user in (later, root)] == [403, 204]


def test_only_reviewers_and_administrators_see_comparisons(app: TestClient, settings: ServeSettings) -> None:
    Accounts(settings.data).add("root", Role.ADMINISTRATOR, PASSWORD)
    paths = ("/api/reviews", AT, f"{AT}/page", f"{AT}/notes", "/reviews", "/reviews/rearfoot/2")
    for name, status in (("ada", 403), ("lin", 403), ("grace", 200), ("root", 200)):
        user = browser(app, name)
        assert [user.get(path).status_code for path in paths] == [status] * len(paths)
    assert app.get("/api/reviews").status_code == 401
    refused = browser(app, "ada").post(f"{AT}/decision", json={"verdict": "approve", "page": DIGEST})
    assert (refused.status_code, "reviewer or administrator" in refused.json()["error"]) == (403, True)
    start = {name: browser(app, name).get("/", headers={"Accept": "text/html"}).text for name in ("ada", "grace")}
    assert ['href="/reviews"' in start[name] for name in ("ada", "grace")] == [False, True]


def test_a_service_of_a_package_folder_has_none_and_says_why(settings: ServeSettings, package: Path) -> None:
    with TestClient(create_app(replace(settings, package=package)), base_url="http://localhost") as client:
        assert client.get("/api/reviews").json() == []
        assert "a package folder" in client.get("/reviews").text
        assert client.get(f"{AT}/page").status_code == 404
    offline = replace(settings, data=settings.data / "offline", offline=True)
    with TestClient(create_app(offline), base_url="http://localhost") as client:
        assert client.get("/api/reviews").json() == []
