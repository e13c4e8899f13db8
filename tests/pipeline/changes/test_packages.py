"""Environments as they are recorded and compared."""

from pathlib import Path

from pipeline.changes.packages import changed_packages, packages_since_lock
from pipeline.environment import as_requirements, installed, pinned
from tests.pipeline.changes.conftest import run


def test_names_are_compared_as_indexes_do() -> None:
    assert pinned("Foo_Bar==1.0 ; python_version > '3'\n    # via x\nbaz[extra]==2\n") == {"foo-bar": "1.0", "baz": "2"}
    assert pinned(as_requirements(installed())) == installed()


def test_a_package_that_came_went_or_changed() -> None:
    assert changed_packages({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == [
        "b 1 → 2",
        "c 1 → not there",
        "d not there → 1",
    ]


def test_what_is_installed_is_compared_with_what_the_stages_ran_with(tmp_path: Path) -> None:
    run(tmp_path, "git", "init", "--quiet")
    (tmp_path / "dvc.lock").write_text("stages: {}\n")
    (tmp_path / "reports" / "toy").mkdir(parents=True)
    packages = installed() | {"numpy": "0.1"}
    (tmp_path / "reports" / "toy" / "environment.txt").write_text(as_requirements(packages))
    run(tmp_path, "git", "add", "-A")
    run(tmp_path, "git", "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "Record")
    assert packages_since_lock(tmp_path, "toy") == [f"numpy 0.1 → {installed()['numpy']} (installed)"]
