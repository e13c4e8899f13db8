"""What an MLflow server is sent, and what is said of answers that are none."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from heelstrike.errors import UserError
from heelstrike.registry.rest import RestClient
from heelstrike.registry.versions import Version
from heelstrike.stores import StoreUnreachableError

ANSWER = '{"registered_models": []}'


class _Server(ThreadingHTTPServer):
    """Answers every request alike and remembers their headers."""

    status, body = 200, ANSWER

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
        body = self.server.body.encode()
        self.send_header("Content-Length", str(len(body)))
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


def test_files_in_a_store_that_needs_mlflow_say_so(server, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    server.body = '{"artifact_uri": "s3://bucket/1/models/m-1/artifacts"}'
    message = r"rearfoot/1: its files are at s3://bucket/.*, which is read through mlflow, and mlflow is not installed"
    with pytest.raises(UserError, match=message):
        RestClient(server.address).download(Version("rearfoot", 1, "0" * 64), "manifest.json", tmp_path)
