"""A backup of all stores, made while others write, restores to the same bytes or says what is damaged."""

import json
import os
import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from flows.backup import MANIFEST, back_up, copy_database
from flows.restore import restore
from heelstrike.errors import UserError
from pipeline.registry.history import history
from tests.flows.conftest import run
from tests.stores import postgresql
from tests.worlds import World


@pytest.fixture
def checkout(world: World, repository_to_copy: Path) -> World:
    """A checkout with git, DVC's cache, and a registry with a champion."""
    shutil.copytree(repository_to_copy, world.root, dirs_exist_ok=True)
    (world.root / ".gitignore").write_text("/*.txt\n.work\n/mlflow.db*\n/mlartifacts/\n/models/\n/data/inbox/\n")
    run(world.root, "git", "add", "-A")
    run(world.root, "git", "commit", "--quiet", "-m", "More is ignored")
    world.promote_at_once([world.decision(world.candidate(1), None)])
    (world.root / "dvc.lock").unlink()  # made up for the candidate
    run(world.root, sys.executable, "-m", "dvc", "repro", "--quiet")
    run(world.root, "git", "add", "dvc.lock")
    run(world.root, "git", "commit", "--quiet", "-m", "Run")
    (world.root / "data" / "inbox").mkdir(parents=True)
    (world.root / "data" / "inbox" / "walk.mp4").write_bytes(b"not ingested yet")
    return world


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_restore_has_the_same_bytes_and_its_champion(checkout: World, tmp_path: Path) -> None:
    (checkout.root / "work.py").write_text((checkout.root / "work.py").read_text() + "# not committed\n")
    made = back_up(checkout.root, tmp_path / "backup")
    assert made.not_included == []
    lines = restore(tmp_path / "backup", tmp_path / "restored")
    assert lines == ["the champion rearfoot/1 is there and intact"]
    restored = tmp_path / "restored"
    for part in ("mlartifacts", "data/inbox", ".dvc/cache/files"):
        assert files(restored / part) == files(checkout.root / part)
    for name in ("second.toy.txt", "dvc.lock", "work.py"):
        assert not (restored / name).exists() or (restored / name).read_bytes() == (checkout.root / name).read_bytes()
    assert (restored / "work.py").read_text().endswith("# not committed\n")
    assert run(restored, "git", "rev-parse", "HEAD") == run(checkout.root, "git", "rev-parse", "HEAD")


def test_a_registry_on_postgresql_is_restored_into_an_empty_database(
    checkout: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgresql() as server:
        server.psql("CREATE DATABASE first; CREATE DATABASE second;")
        # trusted connections take any password; it must be in no message and no command line
        first = server.get_uri("first").replace("postgres:@", "postgres:S3cret-1@")
        second = first.replace("/first?", "/second?")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", first)
        monkeypatch.setenv("PATH", f"{server.bin_path}{os.pathsep}{os.environ['PATH']}")
        checkout.promote_at_once([checkout.decision(checkout.candidate(1), None)])
        made = back_up(checkout.root, tmp_path / "backup")
        assert made.not_included == []
        assert made.bytes_by_store["mlflow.dump"] > 0
        with pytest.raises(UserError, match=r"has \d+ tables; a restore needs an empty database"):
            restore(tmp_path / "backup", tmp_path / "restored", first)
        shutil.rmtree(checkout.root)  # the restored checkout has its own artifacts
        lines = restore(tmp_path / "backup", tmp_path / "restored", second)
        assert lines[0] == "the champion rearfoot/1 is there and intact"
        assert "S3cret" not in "".join(lines)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", second)
        assert [event.kind for event in history(tmp_path / "restored", "rearfoot")] == ["promoted"]
        assert restore(tmp_path / "backup", tmp_path / "third")[0].startswith("not restored: MLflow's PostgreSQL")


def test_what_git_does_not_have_yet_is_restored_even_on_no_branch(checkout: World, tmp_path: Path) -> None:
    (checkout.root / "ends.txt.md").write_text("one\ntwo\n \n")
    run(checkout.root, "git", "add", "-A")
    run(checkout.root, "git", "commit", "--quiet", "-m", "A last line of white space")
    (checkout.root / "ends.txt.md").write_text("one\nand two\n \n")
    (checkout.root / "notes.md").write_text("nobody has added this")
    run(checkout.root, "git", "branch", "study")
    run(checkout.root, "git", "switch", "--quiet", "--detach")
    back_up(checkout.root, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    for name in ("ends.txt.md", "notes.md"):
        assert (tmp_path / "restored" / name).read_bytes() == (checkout.root / name).read_bytes()
    for name in ("HEAD", "study"):
        commits = {run(root, "git", "rev-parse", name) for root in (tmp_path / "restored", checkout.root)}
        assert len(commits) == 1


def test_damage_and_an_unfinished_backup_are_refused(checkout: World, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    back_up(checkout.root, folder)
    with pytest.raises(UserError, match="is not empty; a backup needs a new or empty folder"):
        back_up(checkout.root, folder)
    object_ = next((folder / "objects").rglob("*.*"), None) or next(
        p for p in (folder / "objects").rglob("*") if p.is_file()
    )
    object_.write_bytes(b"other bytes")
    with pytest.raises(UserError, match=f"{object_.name}: its bytes have changed"):
        restore(folder, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    (folder / MANIFEST).unlink()
    with pytest.raises(UserError, match="not a backup, or one that was interrupted"):
        restore(folder, tmp_path / "restored")


def test_a_damaged_object_is_no_backup(checkout: World, tmp_path: Path) -> None:
    cached = next(path for path in (checkout.root / ".dvc" / "cache" / "files").rglob("*") if path.is_file())
    cached.chmod(0o644)
    cached.write_bytes(b"rotten")
    with pytest.raises(UserError, match="DVC's copy is damaged"):
        back_up(checkout.root, tmp_path / "backup")
    assert not (tmp_path / "backup" / MANIFEST).exists()


def test_a_database_that_is_written_meanwhile_is_copied_whole(tmp_path: Path) -> None:
    source, stop = tmp_path / "live.db", threading.Event()
    with closing(sqlite3.connect(source)) as live:
        live.executescript("CREATE TABLE one(x); CREATE TABLE two(x);")

    def write() -> None:
        with closing(sqlite3.connect(source, timeout=30)) as live:
            for number in range(10_000):
                if stop.is_set():
                    return
                with live:
                    live.execute("INSERT INTO one VALUES (?)", (number,))
                    live.execute("INSERT INTO two VALUES (?)", (number,))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            copy_database(source, tmp_path / f"copy-{number}.db")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"copy-{number}.db")) as copy:
            counts = [copy.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("one", "two")]
        assert counts[0] == counts[1]


def test_the_manifest_lists_every_file_with_its_hash(checkout: World, tmp_path: Path) -> None:
    back_up(checkout.root, tmp_path / "backup")
    manifest = json.loads((tmp_path / "backup" / MANIFEST).read_text())
    assert set(manifest["files"]) | {MANIFEST} == set(files(tmp_path / "backup"))
