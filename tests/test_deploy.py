"""deploy/compose.yaml and the Dockerfile as far as they can be checked without Docker: form, names, files, commands."""

import os
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
PREPARE = (DEPLOY / "prepare").read_text()
OURS = "/opt/heelstrike"  # the repository in the images


def settings() -> dict[str, str]:
    """Names and values of team.env."""
    lines = (DEPLOY / "team.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled_in(text: str) -> str:
    """The text with the values of team.env, as Compose fills them in; `$$` is a dollar."""
    return re.sub(r"(?<!\$)\$\{(\w+)\}", lambda name: settings()[name[1]], text)


def schema_faults(file: Path) -> str:
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("text", [lambda: COMPOSE.read_text(), lambda: filled_in(COMPOSE.read_text())])
def test_the_file_follows_the_schema_of_the_compose_specification(text: Any, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(text())
    assert schema_faults(tmp_path / "compose.yaml") == ""


def test_the_schema_finds_what_is_misspelt(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE.read_text().replace("depends_on:", "depend_on:", 1))
    assert "depend_on" in schema_faults(tmp_path / "compose.yaml")


def test_docker_accepts_the_file() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("`docker compose` is not installed")
    command = ["docker", "compose", "--env-file", "deploy/team.env", "-f", "deploy/compose.yaml", "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_containers_are_not_root_and_have_secrets_from_files_only() -> None:
    for name, service in SERVICES.items():
        assert service["user"] == "${RUN_AS}", name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["healthcheck"], name
        assert re.search(r":\d+\.\d+", service["image"]) or "build" in service, f"{name}: {service['image']}"
        for key, value in service["environment"].items():
            assert not re.search("PASSWORD|KEY", key) or key.endswith("_FILE"), f"{name}: {key}={value}"
        assert "ports" not in service or name == "proxy"
    assert all(secret["file"].startswith("${SECRETS}/") for secret in STACK["secrets"].values())
    for stage in re.split(r"\nFROM ", (DEPLOY / "Dockerfile").read_text())[2:]:
        assert stage.rstrip().endswith("USER 1000:1000")


def test_every_service_of_the_compose_file_is_a_script_that_a_shell_can_read() -> None:
    named = {word for service in SERVICES.values() for word in service.get("command", []) if "services/" in word}
    assert {Path(word).name for word in named} == {"bucket", "mlflow", "prefect", "proxy", "worker", "serve"}
    for script in [*(DEPLOY / "services").iterdir(), DEPLOY / "prepare"]:
        assert os.access(script, os.X_OK), script
        if script.read_text().startswith("#!/bin/sh"):
            subprocess.run(["sh", "-n", str(script)], check=True)
        else:
            compile(script.read_text(), str(script), "exec")


def test_every_name_in_the_file_is_a_setting_of_team_env() -> None:
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE.read_text())) <= settings().keys()


def test_services_wait_for_services_that_exist_and_that_can_become_what_is_waited_for() -> None:
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            ends = SERVICES[other]["healthcheck"].get("disable", False)
            assert wanted["condition"] == ("service_completed_successfully" if ends else "service_healthy"), name


def test_every_secret_that_is_named_is_made() -> None:
    made = set(re.search(r"^for name in (.*); do$", PREPARE, re.MULTILINE)[1].split())  # type: ignore[index]
    made |= set(re.findall(r"\$SECRETS/([\w.]+)", PREPARE)) - {"name"}
    assert {Path(secret["file"]).name for secret in STACK["secrets"].values()} <= made
    for name, service in SERVICES.items():
        given = set(service.get("secrets", []))
        assert given <= STACK["secrets"].keys(), name
        assert read_secrets(service) <= given, f"{name} reads secrets that it is not given"


def read_secrets(service: dict[str, Any]) -> set[str]:
    """The secrets that a service's script or command reads; one that is read only if it is there does not count."""
    texts = [str(service.get("command", "")), str(service["environment"])]
    scripts = [word for word in service.get("command", []) if "services/" in word]
    scripts += [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./services/")]
    texts += [(DEPLOY / "services" / Path(script).name).read_text() for script in scripts]
    if any("../Caddyfile" in text for text in texts):
        texts.append((DEPLOY / "Caddyfile").read_text())
    if any("../client" in text for text in texts):
        texts.append((DEPLOY / "client").read_text())
    pattern = r"(?:\$\{?SECRETS\}?|/run/secrets)/([\w.]+)|secrets / \"(\w+)\""
    return {one or other for text in texts for one, other in re.findall(pattern, text)}


def test_every_folder_and_file_that_is_mounted_exists_or_is_made() -> None:
    made = set(re.findall(r'"\$STATE/(\w+)"', PREPARE))
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source, _, target = volume.replace("${CHECKOUT}", "CHECKOUT").partition(":")
            if source.startswith("./"):
                assert (DEPLOY / source).exists(), f"{name}: {source}"
            elif source.startswith("${STATE}/"):
                assert source.removeprefix("${STATE}/") in made, f"{name}: {source}"
                assert target == source.replace("${STATE}", "/state"), f"{name}: {volume}"
            else:
                assert source == "CHECKOUT" == target, f"{name}: {source}"
        # a read-only container writes where something is mounted
        written = {path for word in written_by(service) for path in re.findall(r"(?:\$STATE|/state)/(\w+)", word)}
        mounted = {volume.split("/")[-1] for volume in service.get("volumes", []) if "${STATE}" in volume}
        assert written <= mounted, name


def written_by(service: dict[str, Any]) -> list[str]:
    """The texts that say where a service writes."""
    scripts = [word for word in service.get("command", []) if "services/" in word]
    texts = [(DEPLOY / "services" / Path(script).name).read_text() for script in scripts]
    return [*texts, str(service.get("command", "")), str(service["environment"])]


def test_every_command_is_in_the_image_that_runs_it() -> None:
    for name, service in SERVICES.items():
        if "build" not in service:
            continue
        workdir = OURS if name != "worker" else None  # the worker's script goes into the checkout
        for words in (service["command"], service["healthcheck"].get("test", ["CMD"])[1:]):
            for word in words:
                if "services/" in word:
                    path = word.removeprefix(f"{OURS}/") if workdir is None else word
                    assert not path.startswith("/") and (ROOT / path).is_file(), f"{name}: {word}"
        assert service["build"]["context"] == ".." and (ROOT / service["build"]["dockerfile"]).is_file()
        assert service["build"]["target"] in re.findall(r" AS (\w+)", (DEPLOY / "Dockerfile").read_text())


def is_in_the_context(path: str) -> bool:
    """Whether .dockerignore lets a path of the repository into the image's context; the last line that fits decides."""
    inside, parts = True, Path(path).parts
    above = ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            keeps, pattern = line.startswith("!"), line.removeprefix("!")
            names = parts if pattern.startswith("**/") else above
            if any(fnmatch(name, pattern.removeprefix("**/")) for name in names):
                inside = keeps
    return inside


def test_what_the_dockerfile_copies_is_in_git_and_in_the_context() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [source for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for source in line.split()[:-1]]
    assert copied
    for source in copied:
        listed = subprocess.run(["git", "ls-files", source], cwd=ROOT, capture_output=True, text=True, check=True)
        files = listed.stdout.splitlines()
        assert files, f"{source} is not in git"
        if source != ".":
            assert all(map(is_in_the_context, files)), source
    for needed in (
        "pyproject.toml",
        "README.md",
        "heelstrike/cli.py",
        "pipeline/params.py",
        "flows/cli.py",
        "deploy/client",
    ):
        assert is_in_the_context(needed), needed
    for kept_out in ("data/raw/rearfoot/a.mp4", "mlflow.db", "models/README.md", ".git/config", ".venv/bin/python"):
        assert not is_in_the_context(kept_out), kept_out


def test_the_installer_and_everything_that_the_scripts_import_is_pinned() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert {"uv", "mlflow", "prefect", "boto3", "asyncpg", "psycopg2-binary"} <= pinned
