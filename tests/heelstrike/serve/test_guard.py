"""Requests from elsewhere, headers, pages and the state of the service."""

import errno

import pytest
from fastapi.testclient import TestClient

from heelstrike.serve.app import create_app
from heelstrike.serve.settings import ServeSettings
from tests.service import evaluation


@pytest.mark.parametrize("host", ["localhost", "localhost:8377", "127.0.0.1:8377", "[::1]:8377"])
def test_this_machines_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/evaluations", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "a b"]
)
def test_other_hosts_names_are_refused(client: TestClient, host: str) -> None:
    """A page whose name was made to resolve to 127.0.0.1 reads nothing."""
    answer = client.get("/api/evaluations", headers={"Host": host})
    assert answer.status_code == 421
    assert "--allow-host" in answer.json()["error"]


def test_a_name_can_be_allowed(settings: ServeSettings) -> None:
    app = create_app(ServeSettings(data=settings.data, package=settings.package, hosts=("Measure.Example",)))
    with TestClient(app, base_url="https://measure.example") as client:
        assert client.get("/api/evaluations").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_other_sites_write_nothing(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/evaluations", json={"name": "x"}, headers=headers).status_code == 403
    assert client.get("/api/evaluations").json() == []


def test_the_services_own_pages_write(client: TestClient) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/evaluations", json={"name": "x"}, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/", "/api", "/api/evaluations", "/api/evaluations/nothing", "/nothing", "/metrics"])
def test_every_answer_is_protected(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_ever_at_an_address_of_their_content(client: TestClient) -> None:
    page = client.get("/").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert client.get("/static/0000000000000000/heelstrike.css").status_code == 404


def test_no_page_loads_anything_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/api", "/login", "/nothing"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert page.startswith("<!doctype html>")
        assert "//" not in page.replace("https://json-schema", "").partition("<body>")[0]


def test_a_fault_shows_no_traceback(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    monkeypatch.setattr(service.evaluations, "all", lambda: 1 / 0)
    quiet = TestClient(client.app, base_url="http://localhost", raise_server_exceptions=False)
    answer = quiet.get("/api/evaluations")
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "this is a fault of the service; its log has the details"},
    )


def test_a_full_disk_is_named(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("heelstrike.serve.evaluations.write_json", full)
    answer = client.post("/api/evaluations", json={"name": "x"})
    assert (answer.status_code, answer.json()["error"][:27]) == (507, "the server's disk is full; ")


def test_large_json_is_refused(client: TestClient) -> None:
    """A body is read before its sender is known, so everybody could fill the memory."""
    for path in ("/api/login", "/api/evaluations", "/api/evaluations/x/jobs", "/api/evaluations/x/uploads"):
        assert client.post(path, content=b" " * ((1 << 20) + 1)).status_code == 413


def test_the_state(client: TestClient) -> None:
    evaluation(client)
    assert client.get("/api/health").json() == {"ok": True}
    assert client.get("/api/ready").json()["ready"] is True
    assert set(client.get("/api/version").json()) == {"heelstrike"}
    metrics = client.get("/metrics").text
    assert 'heelstrike_requests_total{method="POST",route="/api/evaluations",status="201"} 1.0' in metrics
    assert "heelstrike_registry_up 1.0" in metrics


def test_the_api_describes_itself(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/models", "/api/predict", "/api/evaluations/{evaluation}/uploads/{upload}"} <= set(paths)
    assert all(operation["description"] for path in paths.values() for operation in path.values())
    assert "/api/predict" in client.get("/api").text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/evaluations", {"name": ""}),
        ("POST", "/api/evaluations", {"name": "x", "colour": "red"}),
        ("POST", "/api/evaluations", {"name": "x", "mm_per_px": -1}),
        ("POST", "/api/evaluations", [1]),
    ],
)
def test_wrong_fields_are_named(client: TestClient, method: str, path: str, body: object) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("body")
