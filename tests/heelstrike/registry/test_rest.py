"""What an MLflow server is sent, and what is said of answers that are none."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from heelstrike.errors import UserError
from heelstrike.registry.client import connect
from heelstrike.registry.rest import RestClient
from heelstrike.registry.versions import RegisteredModel, Version
from heelstrike.stores import StoreUnreachableError

ANSWER = '{"registered_models": []}'


class _Server(ThreadingHTTPServer):
    """Answers every request alike and remembers their headers."""

    status, body = 200, ANSWER
    extra: dict[str, str] = {}
    bodies: dict[str, str] = {}  # other answers, by a part of the path; without `extra` headers

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.headers, self.paths = [], []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.headers.append(dict(self.headers))
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        special = [body for part, body in self.server.bodies.items() if part in self.path]
        body = (special or [self.server.body])[0].encode()
        for name, value in ({"Content-Length": str(len(body))} | ({} if special else self.server.extra)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    with _Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_user_and_password_go_before_the_token(server, monkeypatch):
    RestClient(server.address).models()
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    RestClient(server.address).models()
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "clinic")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pass")
    RestClient(server.address).models()
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == [None, "Bearer secret", "Basic Y2xpbmljOnBhc3M="]


def test_a_server_below_a_path(server):
    RestClient(f"{server.address}/team/").models()
    assert server.paths[0].startswith("/team/api/2.0/mlflow/registered-models/search?max_results=")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            401,
            "You are not authenticated",
            "answered: 401 You are not authenticated; set MLFLOW_TRACKING_USERNAME",
        ),
        (400, '{"error_code": "INVALID", "message": "bad filter"}', "the MLflow server answered: 400 bad filter"),
        (200, "<html>a proxy's page</html>", "answers, but is not an MLflow server; set MLFLOW_TRACKING_URI"),
    ],
)
def test_answers_that_are_errors(server, status, body, message):
    server.status, server.body = status, body
    with pytest.raises(UserError, match=message) as raised:
        RestClient(server.address).models()
    assert not isinstance(raised.value, StoreUnreachableError)


def test_a_failing_server_is_one_that_the_cache_stands_in_for(server):
    server.status, server.body = 500, "boom"
    with pytest.raises(StoreUnreachableError, match="the MLflow server failed: 500 boom"):
        RestClient(server.address).aliases("rearfoot")


def test_a_server_that_is_down_and_an_address_that_is_none():
    with pytest.raises(
        StoreUnreachableError, match=r"http://u:\*\*\*@127.0.0.1:9: nothing answers there \(.*refused\)"
    ):
        RestClient("http://u:secret@127.0.0.1:9").models()
    with pytest.raises(UserError, match="not a server's address"):
        RestClient("http://").models()


@pytest.mark.parametrize("address", ["http://u:secret@/x", "http://u:sec/ret@h", "http://u:secret@[h", "http://h:x"])
def test_a_wrong_address_is_refused_and_its_password_is_not_shown(address, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(UserError, match="MLFLOW_TRACKING_URI: not an address") as raised:
        connect(tmp_path)
    assert "sec" not in str(raised.value)


def test_a_page_of_a_proxy_is_not_repeated(server):
    server.status, server.body, server.extra = 404, "<!doctype html><p>gone", {"Content-Type": "text/html"}
    with pytest.raises(UserError, match=r"the MLflow server answered: 404 Not Found$"):
        RestClient(server.address).models()


def test_redirects_in_a_circle(server):
    server.status, server.extra = 302, {"Location": "/"}
    with pytest.raises(UserError, match="redirects in a circle; set MLFLOW_TRACKING_URI") as raised:
        RestClient(server.address).models()
    assert not isinstance(raised.value, StoreUnreachableError)


def test_a_busy_server_is_not_waited_for_as_long_as_it_asks(server):
    server.status, server.extra = 503, {"Retry-After": "3600"}
    with pytest.raises(StoreUnreachableError, match="the MLflow server failed: 503"):
        RestClient(server.address).models()
    assert len(server.paths) == 3


def test_a_certificate_that_is_not_there(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/nowhere/ca.pem")
    with pytest.raises(UserError, match=r"MLFLOW_TRACKING_SERVER_CERT_PATH is '/nowhere/ca.pem': no such file"):
        RestClient(server.address)


def test_a_download_that_breaks_off_leaves_no_file(server, tmp_path):
    server.bodies = {"get-download-uri": '{"artifact_uri": "mlflow-artifacts:/1/a"}'}
    client, version = RestClient(server.address), Version("rearfoot", 1, "0" * 64)
    assert client.download(version, "card.md", tmp_path).read_text() == ANSWER
    server.extra = {"Content-Length": "1000"}
    with pytest.raises(StoreUnreachableError, match="broke off its answer"):
        client.download(version, "model.onnx", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["card.md"]


def test_all_pages_are_read(server):
    first = '{"registered_models": [{"name": "b", "aliases": [{"alias": "champion", "version": "2"}]}], '
    server.body = first + '"next_page_token": "more"}'
    server.bodies = {"page_token=more": '{"registered_models": [{"name": "a"}]}'}
    assert RestClient(server.address).models() == [RegisteredModel("a", {}), RegisteredModel("b", {"champion": 2})]


def test_files_in_a_store_that_needs_mlflow_say_so(server, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    server.body = '{"artifact_uri": "s3://bucket/1/models/m-1/artifacts"}'
    message = r"rearfoot/1: its files are at s3://bucket/.*, which is read through mlflow, and mlflow is not installed"
    with pytest.raises(UserError, match=message):
        RestClient(server.address).download(Version("rearfoot", 1, "0" * 64), "manifest.json", tmp_path)
