"""The checks that a checkout adds."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from click.testing import Result

from flows.doctor.remote import check_remote
from flows.doctor.repository import check_git, check_params
from flows.doctor.requirements import check_requirements
from flows.doctor.servers import check_prefect, check_study
from heelstrike.doctor.findings import Finding
from pipeline.environment import installed
from tests.flows.conftest import run, write_params
from tests.flows.inboxes import TOY


def levels(findings: Iterable[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def test_changes_and_a_detached_head_are_found(repository: Path) -> None:
    assert levels(check_git(repository)) == ["ok"]
    (repository / "work.py").write_text("")
    assert levels(check_git(repository)) == ["warning"]
    run(repository, "git", "checkout", "--quiet", "--detach")
    assert levels(check_git(repository)) == ["fault"]


def test_a_folder_without_git_is_a_fault(tmp_path: Path) -> None:
    assert levels(check_git(tmp_path)) == ["fault"]


def test_a_remote_is_missing_writable_or_a_file(versioned: Path) -> None:
    assert levels(check_remote(versioned)) == ["ok"]
    (versioned / ".store").write_text("")
    assert levels(check_remote(versioned)) == ["fault"]
    (versioned / ".dvc" / "config").write_text("")
    assert levels(check_remote(versioned)) == ["warning"]


def test_a_remote_that_nobody_can_ask_is_a_fault_without_its_password(versioned: Path) -> None:
    config = "[core]\n    remote = far\n['remote \"far\"']\n    url = http://anna:secret@127.0.0.1:9/store\n"
    (versioned / ".dvc" / "config").write_text(config)
    (finding,) = check_remote(versioned)
    assert finding.level == "fault"
    assert "secret" not in finding.text


def test_every_error_of_params_is_a_fault(tmp_path: Path) -> None:
    write_params(tmp_path, toy=TOY)
    assert levels(check_params(tmp_path)) == ["ok"]
    (tmp_path / "params.yaml").write_text("problems: [toy]\ntoy: {model: {name: spatial}}\n")
    assert levels(check_params(tmp_path)) == ["fault", "fault"]


def test_other_packages_than_the_pinned_ones_are_a_warning(tmp_path: Path) -> None:
    project = '[project]\ndependencies = ["numpy>=2,<3"]\noptional-dependencies.operator = ["pyyaml"]\n'
    (tmp_path / "pyproject.toml").write_text(project)
    (tmp_path / "requirements.txt").write_text(f"numpy=={installed()['numpy']}\nnot-installed==1\n")
    assert levels(check_requirements(tmp_path)) == ["ok", "ok", "ok"]
    (tmp_path / "requirements.txt").write_text("numpy==1.0\n")
    *_, last = check_requirements(tmp_path)
    assert last.level == "warning"
    assert last.text == f"numpy {installed()['numpy']} instead of 1.0"


def test_a_study_that_does_not_answer_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEELSTRIKE_STUDY_URL", raising=False)
    assert levels(check_study()) == ["ok"]
    monkeypatch.setenv("HEELSTRIKE_STUDY_URL", "postgresql://anna:secret@127.0.0.1:9/optuna")
    (finding,) = check_study()
    assert finding.level == "fault"
    assert "secret" not in finding.text


def test_a_prefect_server_that_does_not_answer_is_a_fault() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert levels(check_prefect()) == ["fault"]


def test_a_fault_is_the_exit_code(repository: Path, heelstrike: Callable[..., Result]) -> None:
    done = heelstrike(repository, "doctor")  # params.yaml is not there
    assert done.exit_code == 1
    assert "fault    params" in done.stdout
    assert "ok       git" in done.stdout
