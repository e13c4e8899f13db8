"""A client that reads the registry of an MLflow server over MLflow's documented REST API, without mlflow.

Credentials and certificates come from the environment variables that mlflow uses: MLFLOW_TRACKING_USERNAME and
MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_INSECURE_TLS, MLFLOW_TRACKING_SERVER_CERT_PATH,
MLFLOW_TRACKING_CLIENT_CERT_PATH.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import ProtocolError
from urllib3.util.retry import Retry

from heelstrike.errors import UserError, first_line
from heelstrike.files import write_aside
from heelstrike.redact import redacted, without_password
from heelstrike.registry.versions import RegisteredModel, Version, run_is_gone
from heelstrike.stores import StoreUnreachableError
from heelstrike.waits import LIMIT, limit_s, within

_API, _ARTIFACTS = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
_CONNECT_S = 5.0
_PAGE = 1000
_PIECE_BYTES = 1 << 16  # of a download; each must arrive within the limit
_LARGEST_ANSWER = 64 << 20  # bytes; a thousand versions with their tags are one or two million
_NOT_MLFLOW = "set MLFLOW_TRACKING_URI to an MLflow server's address (docs/stores.md)"
_MISSING = "RESOURCE_DOES_NOT_EXIST"
# requests to a busy or restarting server are repeated; one that refuses the connection or says nothing is down
_GATEWAY_ERRORS = (502, 503, 504)
_RETRIES = Retry(
    total=2,
    connect=0,
    read=0,
    backoff_factor=0.5,
    status_forcelist=(429, *_GATEWAY_ERRORS),
    raise_on_status=False,
    respect_retry_after_header=False,  # a server may ask for hours
)


class RestClient:
    """A `RegistryClient` for an MLflow server.

    Args:
        uri: The server's address, with or without a path: `https://mlflow.example/team`.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._session = requests.Session()
        self._session.auth = _credentials()
        self._session.cert = os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=_RETRIES))
        for name in ("SERVER", "CLIENT"):
            certificate = os.environ.get(f"MLFLOW_TRACKING_{name}_CERT_PATH")
            if certificate and not Path(certificate).exists():
                raise UserError(f"MLFLOW_TRACKING_{name}_CERT_PATH is {certificate!r}: no such file")
        insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
        self._verify = False if insecure else os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True

    def models(self) -> list[RegisteredModel]:
        """Return all registered models, sorted by name."""
        entries = self._pages("registered-models/search", "registered_models")
        with self._content_errors():
            return sorted((_model_of(entry) for entry in entries), key=lambda model: model.name)

    def check(self) -> None:
        """Make one small request, to find out whether an MLflow server answers.

        Raises:
            StoreUnreachableError: Nothing answers there.
            UserError: The server refuses the request, or is not an MLflow server.
        """
        self._get("registered-models/search", max_results=1)

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version number of each alias of a model."""
        content = self._get("registered-models/get", name=name)
        with self._content_errors():
            return {} if content is None else _model_of(content["registered_model"]).aliases

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a model, oldest first."""
        entries = self._pages("model-versions/search", "model_versions", filter=f"name='{name}'")
        with self._content_errors():
            return sorted(map(_version_of, entries), key=lambda version: version.number)

    def version(self, name: str, number: int) -> Version | None:
        """Return one version; `None` if there is no such version."""
        content = self._get("model-versions/get", name=name, version=number)
        with self._content_errors():
            return None if content is None else _version_of(content["model_version"])

    def download(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file from the server, or from the artifact store that the server names for the version."""
        content = self._get("model-versions/get-download-uri", name=version.problem, version=version.number)
        address = "" if content is None else str(content.get("artifact_uri", ""))
        return self._downloaded(version, address, file, folder)

    def run_file(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file from the artifacts of the run that made a version."""
        content = self._get("runs/get", run_id=version.run_id)
        if content is None:
            raise run_is_gone(version)
        with self._content_errors():
            address = str(content["run"]["info"]["artifact_uri"])
        return self._downloaded(version, address, file, folder)

    def _downloaded(self, version: Version, address: str, file: str, folder: Path) -> Path:
        served = self._served_at(address)
        if served is None:
            from heelstrike.registry.database import download_artifact

            return download_artifact(version, address, file, folder, self.uri)
        target = folder / file
        with self._connection_errors(), self._request(f"{served}/{quote(file)}") as response:
            if response.status_code in _GATEWAY_ERRORS:
                raise StoreUnreachableError(
                    f"{without_password(self.uri)}: the MLflow server failed: {_reason(response)}"
                )
            if not response.ok:
                raise UserError(
                    f"{version.reference}: {file} cannot be fetched from {address}: {_reason(response)}; "
                    "the version was not registered by Heelstrike, or its files were deleted"
                )
            with write_aside(target) as aside, aside.open("wb") as stream:
                pieces = response.iter_content(_PIECE_BYTES)
                while piece := within(limit_s(), lambda: next(pieces, b"")):
                    stream.write(piece)
        return target

    def _served_at(self, address: str) -> str | None:
        """Return the URL at which the server serves an artifact folder; `None` if another store holds it (`s3://...`)."""
        parts, server = urlsplit(address), urlsplit(self.uri)
        if parts.scheme == "mlflow-artifacts" and parts.netloc in ("", server.netloc.rpartition("@")[2]):
            return f"{self.uri}{_ARTIFACTS}/{parts.path.strip('/')}"
        return None

    def _pages(self, call: str, key: str, **query: Any) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            content = self._get(call, **query, max_results=_PAGE, **({"page_token": token} if token else {})) or {}
            yield from content.get(key, ())
            token = content.get("next_page_token", "")
            if not token:
                return

    def _get(self, call: str, **query: Any) -> dict[str, Any] | None:
        """Return the response to one call; `None` if the requested entry does not exist."""
        with self._connection_errors():
            response, body = within(limit_s(), lambda: self._whole_answer(f"{self.uri}{_API}/{call}", query))
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict) and content.get("error_code") == _MISSING:
            return None
        address = without_password(self.uri)
        if response.status_code >= 500:
            raise StoreUnreachableError(f"{address}: the MLflow server failed: {_reason(response, body)}")
        if not response.ok:
            raise UserError(f"{address}: the MLflow server answered: {_reason(response, body)}{_advice(response)}")
        if not isinstance(content, dict):
            raise UserError(f"{address}: answers, but is not an MLflow server; {_NOT_MLFLOW}")
        return content

    def _whole_answer(self, url: str, query: dict[str, Any]) -> tuple[requests.Response, bytes]:
        with self._get_within_limit(url, query) as response:
            body = bytearray()
            for piece in response.iter_content(_PIECE_BYTES):
                body += piece
                if len(body) > _LARGEST_ANSWER:
                    raise requests.exceptions.ContentDecodingError(f"an answer of more than {_LARGEST_ANSWER} bytes")
            return response, bytes(body)

    def _request(self, url: str) -> requests.Response:
        """Return a response whose body is still to be read."""
        return within(limit_s(), lambda: self._get_within_limit(url, {}))

    def _get_within_limit(self, url: str, query: dict[str, Any]) -> requests.Response:
        limits = (min(_CONNECT_S, limit_s()), limit_s())  # to connect, and between two pieces of a response
        # `verify` is passed to every request, since REQUESTS_CA_BUNDLE overrides the session's own
        return self._session.get(url, params=query, timeout=limits, verify=self._verify, stream=True)

    @contextmanager
    def _content_errors(self) -> Iterator[None]:
        """Turn errors of reading content of another form within the block into a message."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"{without_password(self.uri)}: answers, but not as an MLflow server does "
                f"({type(error).__name__}: {error}); {_NOT_MLFLOW}"
            ) from error

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        """Turn connection errors within the block into messages."""
        try:
            yield
        except (TimeoutError, requests.exceptions.Timeout) as error:
            raise StoreUnreachableError(
                f"{without_password(self.uri)}: gave no whole answer within {limit_s():g} s; restart that server, or "
                f"set MLFLOW_TRACKING_URI to another one; {LIMIT} changes this limit (docs/stores.md)"
            ) from error
        except requests.exceptions.RequestException as error:
            address = without_password(self.uri)
            if isinstance(error, requests.exceptions.SSLError):
                raise UserError(
                    f"{address}: its certificate is not trusted ({self._cause(error)}); set "
                    "MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate of its authority"
                ) from error
            if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
                # without the error's text, which may repeat a password
                raise UserError(f"{address!r}: not a server's address, or one of a proxy is not") from error
            if isinstance(error, requests.exceptions.TooManyRedirects):
                raise UserError(f"{address}: redirects in a circle; {_NOT_MLFLOW}") from error
            if not isinstance(error, requests.exceptions.ConnectionError) or _is_broken_off(error):
                raise StoreUnreachableError(
                    f"{address}: broke off its answer, or is no web server ({self._cause(error)}); try again, or "
                    "set MLFLOW_TRACKING_URI to an MLflow server's address (docs/stores.md)"
                ) from error
            raise StoreUnreachableError(
                f"{address}: nothing answers there ({self._cause(error)}); start it, or set MLFLOW_TRACKING_URI to "
                "where it is (docs/stores.md)"
            ) from error

    def _cause(self, error: BaseException) -> str:
        """Return the innermost reason of a connection error, without urllib3's wrapping."""
        reason = _innermost(error)
        if isinstance(reason, ProtocolError):
            reason = reason.args[-1]
        return first_line(redacted(str(reason), self.uri).rpartition(">: ")[2].rpartition("): ")[2])


class _Token(AuthBase):
    """Authentication by bearer token. Unlike a header of the session, it is not replaced by ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _credentials() -> AuthBase | None:
    """Return user and password if both are set, else the token, as mlflow does."""
    user, password = (os.environ.get(f"MLFLOW_TRACKING_{name}") for name in ("USERNAME", "PASSWORD"))
    if user and password:
        return HTTPBasicAuth(user, password)
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return _Token(token) if token else None


def _model_of(entry: dict[str, Any]) -> RegisteredModel:
    aliases = {alias["alias"]: int(alias["version"]) for alias in entry.get("aliases", ())}
    return RegisteredModel(entry["name"], dict(sorted(aliases.items())))


def _version_of(entry: dict[str, Any]) -> Version:
    tags = {tag["key"]: tag.get("value", "") for tag in entry.get("tags", ())}
    created = entry.get("creation_timestamp")
    return Version.of(
        entry["name"], entry["version"], entry.get("run_id"), tags, None if created is None else int(created)
    )


def _advice(response: requests.Response) -> str:
    if response.status_code in (401, 403):
        return "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    return ""


def _reason(response: requests.Response, body: bytes = b"") -> str:
    """Return the status and the message of an error response on one line."""
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        is_page = "html" in response.headers.get("Content-Type", "")  # of a proxy
        message = (not is_page and body.decode(errors="replace").strip()) or response.reason or ""
    return f"{response.status_code} {first_line(message)}"


def _is_broken_off(error: requests.exceptions.ConnectionError) -> bool:
    """Return True if something accepted the connection, and then closed it or did not speak HTTP."""
    return isinstance(_innermost(error), ProtocolError)


def _innermost(error: BaseException) -> Any:
    """Return what urllib3 gave as the reason of an error of requests."""
    reason: Any = error.args[0] if error.args else error
    return getattr(reason, "reason", None) or reason
