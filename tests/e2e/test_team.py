"""The stack of docs/team.md by the very commands of that page: TLS and a host name, PostgreSQL, S3, Prefect, MLflow."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import BIN, ROOT, free_port, make_workplace
from tests.e2e.debian_postgresql import DebianPostgresql, debian_postgresql
from tests.e2e.servers import curl, wait_until
from tests.videos import write_video

PAGE = ROOT / "docs" / "team.md"
SERVICES = ROOT / "deploy" / "services"


def commands(heading: str) -> str:
    """The `sh` blocks below a heading of the page."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


class Stack:
    """A checkout with the services of docs/team.md as processes on loopback.

    Attributes:
        place: The checkout.
        folder: Where secrets and state are.
        bucket: The bucket's client, as boto3 makes it.
        database: PostgreSQL.
    """

    def __init__(self, folder: Path, database: DebianPostgresql) -> None:
        self.folder, self.database = folder, database
        self.place = make_workplace(folder / "all" / "repository")
        self.ports = {name: free_port() for name in ("MLFLOW", "PREFECT", "SERVE", "WORKER", "S3")}
        self.outer = {name: free_port() for name in ("MLFLOW", "PREFECT", "SERVE")}
        self._write_settings()
        self.place.environment = {
            "PATH": os.pathsep.join([str(BIN), str(database.bin_path), os.environ["PATH"]]),
            "PYTHONPATH": str(self.place.root),
            "HEELSTRIKE_CACHE": str(folder / "cache"),
            "HEELSTRIKE_INBOX_QUIET_S": "0",
            "PREFECT_HOME": str(folder / "prefect"),
            "OMP_NUM_THREADS": "1",
            "STACK_OF_THE_TEST": str(folder),
            **{f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def _write_settings(self) -> None:
        """Set the names, ports and folders, as somebody edits the file."""
        path, socket = self.place.root / "deploy" / "team.env", re.search(r"host=([^&]+)", self.database.get_uri())
        assert socket is not None
        values = {
            "STACK_HOST": "localhost",
            "CHECKOUT": str(self.place.root),
            "SECRETS": str(self.folder / "secrets"),
            "STATE": str(self.folder / "state"),
            "POSTGRES_HOST": socket[1],
            "S3_ENDPOINT": f"http://127.0.0.1:{self.ports['S3']}",
            **{f"{name}_PORT": str(port) for name, port in self.outer.items()},
            **{f"{name}_INNER": f"127.0.0.1:{port}" for name, port in self.ports.items() if name != "S3"},
        }
        text = path.read_text()
        for name, value in values.items():
            text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
            assert count == 1, name
        path.write_text(text)
        self.settings = values

    def shell(self, script: str, folder: Path, **environment: str) -> str:
        """Run commands of the page as one script, which may leave services running."""
        path = self.folder / "output"
        with path.open("w") as output:
            done = subprocess.run(
                ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
                cwd=folder,
                env=os.environ | self.place.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=1500,
            )
        logs = "".join(f"== {log.name}\n{log.read_text()[-3000:]}\n" for log in self.folder.glob("state/logs/*"))
        assert done.returncode == 0, f"{path.read_text()}\n{logs}"
        return path.read_text()

    def processes(self) -> list[psutil.Process]:
        found = psutil.process_iter(["environ"])
        return [one for one in found if (one.info["environ"] or {}).get("STACK_OF_THE_TEST") == str(self.folder)]

    def answer(self, service: str, path: str, **headers: str) -> int:
        """The status of an answer through the proxy."""
        address = f"https://localhost:{self.outer[service]}{path}"
        known = ssl.create_default_context(cafile=str(self.folder / "secrets" / "ca.crt"))
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), context=known) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def where(self, secret: str) -> list[str]:
        """Every place that holds a secret: command lines, logs, files, history of git, databases, bucket."""
        import boto3

        found = []
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                found += [f"process {process.pid}"] if secret in " ".join(process.cmdline()) else []
        for root in (self.folder / "state", self.place.root, self.folder / "cache", self.folder / "output"):
            files = [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]
            for path in files:
                with suppress(FileNotFoundError):  # a service has removed it meanwhile
                    found += [str(path)] if secret.encode() in path.read_bytes() else []
        history = ["git", "log", "--all", "-p", "--no-color"]
        if secret in subprocess.run(history, cwd=self.place.root, capture_output=True, text=True, check=True).stdout:
            found.append("history of git")
        for name in ("mlflow", "prefect"):
            dump = [str(self.database.bin_path / "pg_dump"), f"--dbname={self.database.get_uri(name)}"]
            if secret in subprocess.run(dump, capture_output=True, text=True, check=True).stdout:
                found.append(f"database {name}")
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        store = boto3.client("s3", endpoint_url=self.settings["S3_ENDPOINT"], **keys)
        self.objects = [entry["Key"] for entry in store.list_objects_v2(Bucket="heelstrike")["Contents"]]
        for key in self.objects:
            if secret.encode() in store.get_object(Bucket="heelstrike", Key=key)["Body"].read():
                found.append(f"bucket {key}")
        return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if shutil.which("caddy") is None:
        pytest.skip("Caddy is not installed (Debian's package caddy)")
    pytest.importorskip("moto", reason="moto is not installed (extra `dev`)")
    with debian_postgresql() as database:
        stack = Stack(tmp_path, database)
        s3 = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(stack.ports["S3"])]
        with (tmp_path / "s3.log").open("w") as log:
            subprocess.Popen(s3, env=os.environ | stack.place.environment, stdout=log, stderr=log)
        wait_until(lambda: curl(stack.settings["S3_ENDPOINT"]), 300)
        yield stack
        for process in stack.processes():
            process.send_signal(signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_page_makes_a_stack_that_trains_and_serves(stack: Stack, tmp_path: Path) -> None:
    parts = ("Without Docker", "The checkout, the deployments and the worker", "The service")
    said = stack.shell("\n".join(map(commands, parts)), stack.place.root)
    assert re.search(r"promoted +version 1", said), said

    # a consumer elsewhere: the library, the host name, the authority, and no secret
    (tmp_path / "consumer").mkdir()
    video = write_video(tmp_path / "walk.mp4", 5, width=320, height=240)
    known = {name: stack.settings[name] for name in ("STACK_HOST", "MLFLOW_PORT", "SECRETS")}
    known |= {"VIDEO": str(video), "OUT": str(tmp_path / "results"), "HEELSTRIKE_CACHE": str(tmp_path / "cache")}
    stack.shell(commands("Pull the champion"), tmp_path / "consumer", **known)
    result = json.loads((tmp_path / "results" / "walk.mp4.json").read_text())
    assert "rearfoot/1" in json.dumps(result)

    # who gets in
    assert stack.answer("MLFLOW", "/health") == 200
    assert stack.answer("MLFLOW", "/api/2.0/mlflow/experiments/search?max_results=1") == 200
    wrong_host = stack.answer("MLFLOW", "/api/2.0/mlflow/experiments/search?max_results=1", Host="evil.example")
    assert wrong_host == 403
    assert stack.answer("PREFECT", "/api/deployments/name/retrain/weekly-rearfoot") == 401
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"https://localhost:{stack.outer['MLFLOW']}/health")

    # where everything is, and where no secret is
    secrets = [path for path in (tmp_path / "secrets").iterdir() if path.name not in ("tls.crt", "ca.crt")]
    assert len(secrets) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)
    for path in secrets:
        secret = path.read_text().splitlines()[1 if path.name == "tls.key" else 0]
        assert stack.where(secret) == [], path.name
    assert {"mlflow", "dvc"} <= {key.split("/")[0] for key in stack.objects}
    (tmp_path / "state" / "control").write_text(secret)
    assert stack.where(secret) == [str(tmp_path / "state" / "control")]
