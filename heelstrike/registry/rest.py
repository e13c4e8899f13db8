"""A client that reads the registry of an MLflow server over MLflow's documented REST API, without mlflow.

Credentials and certificates come from the environment variables that mlflow uses: MLFLOW_TRACKING_USERNAME and
MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_INSECURE_TLS, MLFLOW_TRACKING_SERVER_CERT_PATH,
MLFLOW_TRACKING_CLIENT_CERT_PATH.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.util.retry import Retry

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.registry.versions import RegisteredModel, Version
from heelstrike.stores import StoreUnreachableError, without_password

_API, _ARTIFACTS = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
_TIMEOUT_S = (5.0, 30.0)  # to connect, and between two pieces of a response
_PAGE = 1000
_CHUNK_BYTES = 1 << 20
_NOT_MLFLOW = "set MLFLOW_TRACKING_URI to an MLflow server's address (docs/stores.md)"
_MISSING = "RESOURCE_DOES_NOT_EXIST"
# requests to a busy or restarting server are repeated; a server that refuses the connection is down
_GATEWAY_ERRORS = (502, 503, 504)
_RETRIES = Retry(
    total=2,
    connect=0,
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
        return sorted((_model_of(entry) for entry in entries), key=lambda model: model.name)

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version number of each alias of a model."""
        content = self._get("registered-models/get", name=name)
        return {} if content is None else _model_of(content["registered_model"]).aliases

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a model, oldest first."""
        entries = self._pages("model-versions/search", "model_versions", filter=f"name='{name}'")
        return sorted(map(_version_of, entries), key=lambda version: version.number)

    def version(self, name: str, number: int) -> Version | None:
        """Return one version; `None` if there is no such version."""
        content = self._get("model-versions/get", name=name, version=number)
        return None if content is None else _version_of(content["model_version"])

    def download(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file from the server, or from the artifact store that the server names for the version."""
        content = self._get("model-versions/get-download-uri", name=version.problem, version=version.number)
        address = "" if content is None else str(content.get("artifact_uri", ""))
        served = self._served_at(address)
        if served is None:
            from heelstrike.registry.database import download_artifact

            return download_artifact(version, address, file, folder, self.uri)
        target = folder / file
        with self._connection_errors(), self._request(f"{served}/{quote(file)}", stream=True) as response:
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
                for chunk in response.iter_content(_CHUNK_BYTES):
                    stream.write(chunk)
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
            response = self._request(f"{self.uri}{_API}/{call}", params=query)
        try:
            content = response.json()
        except ValueError:
            content = None
        if isinstance(content, dict) and content.get("error_code") == _MISSING:
            return None
        address = without_password(self.uri)
        if response.status_code >= 500:
            raise StoreUnreachableError(f"{address}: the MLflow server failed: {_reason(response)}")
        if not response.ok:
            raise UserError(f"{address}: the MLflow server answered: {_reason(response)}{_advice(response)}")
        if not isinstance(content, dict):
            raise UserError(f"{address}: answers, but is not an MLflow server; {_NOT_MLFLOW}")
        return content

    def _request(self, url: str, **options: Any) -> requests.Response:
        # `verify` is passed to every request, since REQUESTS_CA_BUNDLE overrides the session's own
        return self._session.get(url, timeout=_TIMEOUT_S, verify=self._verify, **options)

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        """Turn connection errors within the block into messages."""
        try:
            yield
        except requests.exceptions.RequestException as error:
            address = without_password(self.uri)
            if isinstance(error, requests.exceptions.SSLError):
                raise UserError(
                    f"{address}: its certificate is not trusted ({_cause(error)}); set "
                    "MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate of its authority"
                ) from error
            if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
                # without the error's text, which may repeat a password
                raise UserError(f"{address!r}: not a server's address, or one of a proxy is not") from error
            if isinstance(error, requests.exceptions.TooManyRedirects):
                raise UserError(f"{address}: redirects in a circle; {_NOT_MLFLOW}") from error
            if not isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
                raise StoreUnreachableError(f"{address}: broke off its answer ({_cause(error)}); try again") from error
            raise StoreUnreachableError(
                f"{address}: nothing answers there ({_cause(error)}); start it, or set MLFLOW_TRACKING_URI to where it "
                "is (docs/stores.md)"
            ) from error


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
    return Version.of(entry["name"], entry["version"], entry.get("run_id"), tags)


def _advice(response: requests.Response) -> str:
    if response.status_code in (401, 403):
        return "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    return ""


def _reason(response: requests.Response) -> str:
    """Return the status and the message of an error response on one line."""
    try:
        message = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        is_page = "html" in response.headers.get("Content-Type", "")  # of a proxy
        message = (not is_page and response.text.strip()) or response.reason or ""
    return f"{response.status_code} {(message.splitlines() or [''])[0][:300]}"


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a connection error, without urllib3's wrapping."""
    reason: Any = error.args[0] if error.args else error
    reason = getattr(reason, "reason", None) or reason
    return str(reason).rpartition(">: ")[2].rpartition("): ")[2][:300]
