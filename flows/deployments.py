"""The deployments in prefect.yaml: made from its `definitions`, for every problem of params.yaml."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from cronsim import CronSim, CronSimError

from flows.maintenance import parse_windows
from flows.schedule_record import Demand, write_demands
from heelstrike.errors import UserError, first_line
from heelstrike.files import write_aside
from pipeline.params import load_params

PLACEHOLDER = "PROBLEM"
POOL = "heelstrike"
_GENERATED = "\ndeployments:\n"


def update(root: Path) -> bool:
    """Write the deployments of every problem into prefect.yaml; what stands before them is kept as it is.

    Returns:
        True if the file has changed.

    Raises:
        UserError: params.yaml or prefect.yaml is wrong.
    """
    path = root / "prefect.yaml"
    before = _read(path)
    head, found, _ = before.partition(_GENERATED)
    if not found:
        raise UserError(f"{path}: has no line `deployments:`; `git checkout prefect.yaml` restores the file")
    deployments = expand(_definitions(path, head), load_params(root / "params.yaml"))
    body = yaml.safe_dump(deployments, sort_keys=False, width=110, allow_unicode=True)
    after = head + _GENERATED + "".join(f"  {line}" if line.strip() else line for line in body.splitlines(True))
    if after == before:
        return False
    with write_aside(path) as aside:
        aside.write_text(after)
    return True


def expand(definitions: dict[str, Any], problems: Iterable[str]) -> list[dict[str, Any]]:
    """Return a deployment of each definition for every problem, named `DEFINITION-PROBLEM`.

    The word `PROBLEM` within a definition becomes the problem's name.
    """
    return [
        {"name": f"{name}-{problem}", **_filled(definition, problem)}
        for problem in problems
        for name, definition in definitions.items()
    ]


def deploy(root: Path) -> list[str]:
    """Make the deployments on the Prefect server, with the work pool, and record their schedules for the check.

    Returns:
        Their names, with the flow's.

    Raises:
        UserError: A file is wrong, or Prefect failed; the message is Prefect's own.
    """
    update(root)
    deployments = yaml.safe_load(_read(root / "prefect.yaml"))["deployments"]
    _check_windows(root / "prefect.yaml", deployments)
    demands = _demands(root / "prefect.yaml", deployments)
    if POOL not in _prefect(root, "work-pool", "ls"):
        _prefect(root, "work-pool", "create", POOL, "--type", "process")
    _prefect(root, "deploy", "--all")
    write_demands(root, demands)
    return [deployment["name"] for deployment in deployments]


def _demands(path: Path, deployments: list[dict[str, Any]]) -> list[Demand]:
    demands = []
    for deployment in deployments:
        for schedule in deployment.get("schedules", []):
            cron = schedule.get("cron")
            where = f"{path}: schedules of {deployment['name']}"
            if not cron:
                raise UserError(f"{where}: found {schedule}, expected `cron: ...`, which `schedule check` reads")
            try:
                CronSim(cron, datetime.now(UTC))
            except CronSimError as error:
                raise UserError(f"{where}: {cron!r} is no cron expression ({error})") from None
            demands.append(
                Demand(
                    deployment=deployment["name"],
                    problem=deployment["parameters"]["problem"],
                    cron=cron,
                    timezone=schedule.get("timezone", "UTC"),
                    since=datetime.now(UTC),
                )
            )
    return demands


def _check_windows(path: Path, deployments: list[dict[str, Any]]) -> None:
    for deployment in deployments:
        parameters = deployment.get("parameters", {})
        try:
            parse_windows(parameters.get("closed", ()), parameters.get("timezone", "UTC"))
        except UserError as error:
            raise UserError(f"{path}: {deployment['name']}: {error}") from None


def _definitions(path: Path, head: str) -> dict[str, Any]:
    try:
        return dict(yaml.safe_load(head)["definitions"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: `definitions` cannot be read ({first_line(str(error))})") from None


def _filled(value: Any, problem: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(entry, problem) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, problem) for entry in value]
    return value.replace(PLACEHOLDER, problem) if isinstance(value, str) else value


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error}); `git checkout prefect.yaml` restores the file") from None


def _prefect(root: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"`prefect {' '.join(arguments)}` failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
