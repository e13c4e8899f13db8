"""prefect.yaml has a deployment of each definition for every problem of params.yaml."""

import shutil
from pathlib import Path

import pytest
import yaml

from flows.deployments import expand, update
from heelstrike.errors import UserError

ROOT = Path(__file__).parents[2]


def test_the_committed_file_has_every_problem_of_params(tmp_path: Path) -> None:
    for name in ("prefect.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    assert not update(tmp_path), "run `heelstrike deploy`, or flows.deployments.update"


def test_a_second_problem_gets_its_own_deployments_and_definitions_are_kept(tmp_path: Path) -> None:
    shutil.copy(ROOT / "prefect.yaml", tmp_path)
    params = yaml.safe_load((ROOT / "tests" / "e2e" / "params.yaml").read_text())
    params |= {"problems": ["rearfoot", "left"], "left": params["rearfoot"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    edited = (tmp_path / "prefect.yaml").read_text().replace('"0 2 * * 1"', '"0 5 * * 2"')
    (tmp_path / "prefect.yaml").write_text(edited)
    assert update(tmp_path)
    written = (tmp_path / "prefect.yaml").read_text()
    assert '"0 5 * * 2"' in written
    deployments = {entry["name"]: entry for entry in yaml.safe_load(written)["deployments"]}
    assert deployments["weekly-left"]["schedules"] == [{"cron": "0 5 * * 2", "timezone": "UTC"}]
    assert deployments["weekly-left"]["triggers"][0]["match"] == {"prefect.resource.id": "heelstrike.problem.left"}
    assert len(deployments) == 2 * len(yaml.safe_load(written)["definitions"])


def test_nothing_limits_runs_but_the_lock_of_the_checkout() -> None:
    """A slot of Prefect's stays taken after a restart of the server, so that later runs would wait for ever."""
    assert "concurrency_limit" not in (ROOT / "prefect.yaml").read_text()


def test_the_placeholder_is_replaced_within_lists_and_texts() -> None:
    definition = {"a": ["x.PROBLEM"], "parameters": {"problem": "PROBLEM", "hours": 2}}
    assert expand({"weekly": definition}, ["toy"]) == [
        {"name": "weekly-toy", "a": ["x.toy"], "parameters": {"problem": "toy", "hours": 2}}
    ]


def test_a_file_without_definitions_is_one_line(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "prefect.yaml").write_text("name: x\n\ndeployments:\n")
    with pytest.raises(UserError, match=r"prefect\.yaml: `definitions` cannot be read"):
        update(tmp_path)
