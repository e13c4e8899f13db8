"""A checkout that was moved or copied: its registry names its own files, and those of the original stay as they are."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.pull import resolve
from pipeline.registry.promote import promote
from tests.worlds import World

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(world, tmp_path):
    """A checkout whose version 1 is champion; nothing is cached."""
    promote(world.root, world.decision(world.candidate(1), None))
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    return world


def texts(database: Path) -> str:
    """Everything in a database as text."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


def files_of(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): file_digest(path) for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_folder_in_which_no_database_can_be(tmp_path):
    with pytest.raises(UserError, match=r"why\?: .* rename the folder"):
        open_mlflow(tmp_path / "why?")


@pytest.mark.parametrize("name", ["moved", "with space", "Übung #1 100% é+&=;'", "deep/er"])
def test_a_moved_checkout_pulls_and_registers_below_its_new_path(checkout, tmp_path, capsys, name):
    new = tmp_path / name / "checkout"
    new.parent.mkdir(parents=True)
    old, moved = checkout.root, World(checkout.root.rename(new))
    assert resolve("rearfoot", new).version == 1
    assert capsys.readouterr().err == f"this checkout was in {old}: mlflow.db names its files here now\n"
    assert moved.candidate(2).number == 2
    assert resolve("rearfoot/2", new).version == 2
    assert not old.exists()
    assert str(old) not in texts(new / "mlflow.db")
    assert len(list((new / "mlartifacts").rglob("model.onnx"))) == 2
    assert capsys.readouterr().err == ""


def test_a_copied_checkout_reads_and_writes_its_own_files_only(checkout, tmp_path):
    copy = World(tmp_path / "copy")
    shutil.copytree(checkout.root, copy.root)
    before = files_of(checkout.root)
    for path in (copy.root / "mlartifacts").rglob("card.md"):
        path.write_text("another")  # what is read is the copy's
    with pytest.raises(UserError, match=r"card\.md: 7 bytes found"):
        resolve("rearfoot", copy.root)
    promote(copy.root, copy.decision(copy.candidate(2), 1))
    assert files_of(checkout.root) == before
    assert (checkout.champion, copy.champion) == (1, 2)
    assert str(checkout.root) + "/" not in texts(copy.root / "mlflow.db")
    assert resolve("rearfoot", checkout.root).version == 1


def test_the_addresses_of_a_place_that_was_chosen_do_not_move(world, tmp_path, monkeypatch, capsys):
    """A shared folder may have the same name as the checkout's own."""
    shared = (tmp_path / "shared" / "mlartifacts").as_uri()
    monkeypatch.setenv("HEELSTRIKE_ARTIFACTS", shared)
    world.candidate(1)
    monkeypatch.delenv("HEELSTRIKE_ARTIFACTS")
    new = world.root.rename(tmp_path / "moved")
    assert resolve("rearfoot/1", new).version == 1
    assert shared in texts(new / "mlflow.db")
    assert capsys.readouterr().err == ""


def test_a_database_that_is_a_link_to_another_checkouts_is_left_alone(checkout, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "mlflow.db").symlink_to(checkout.root / "mlflow.db")
    before = file_digest(checkout.root / "mlflow.db")
    open_mlflow(linked)
    assert file_digest(checkout.root / "mlflow.db") == before


def test_a_database_that_cannot_be_changed_is_one_message(checkout, tmp_path):
    new = checkout.root.rename(tmp_path / "moved")
    with closing(sqlite3.connect(new / "mlflow.db")) as connection:
        connection.execute("CREATE TRIGGER no BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'no'); END")
        connection.commit()
    before = texts(new / "mlflow.db")
    with pytest.raises(
        UserError, match=r"mlflow\.db: the checkout was moved or copied, and .* make it writable, and end"
    ):
        open_mlflow(new)
    assert texts(new / "mlflow.db") == before  # all addresses or none


def test_several_processes_may_open_a_moved_checkout_at_once(checkout, tmp_path):
    new = checkout.root.rename(tmp_path / "moved")
    code = (
        "import sys; from pathlib import Path; from heelstrike.registry.moved import follow_checkout\n"
        "sys.stdin.readline(); follow_checkout(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(new)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(4)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = "".join(process.communicate(timeout=60)[1] for process in processes)
    assert errors == f"this checkout was in {checkout.root}: mlflow.db names its files here now\n"
    assert resolve("rearfoot", new).version == 1
