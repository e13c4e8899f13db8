"""The ingest flow moves files out of an inbox, versions them by DVC and git, and leaves the others."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flows.ingest import ingest, version_batch
from flows.quiet_files import stamps
from flows.versioning import dvc, git
from heelstrike.errors import UserError
from pipeline.layout import Layout
from tests.flows.conftest import Listener
from tests.flows.inboxes import HEADER, LABELS, files, fill, take

pytestmark = pytest.mark.usefixtures("prefect", "listener")


def test_what_left_the_inbox_comes_back_from_git_and_the_remote(inbox: Path, tmp_path: Path) -> None:
    before = files(inbox)
    (inbox / "next-week").mkdir()
    taken = take(inbox)
    assert taken.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert [path.name for path in inbox.rglob("*")] == ["next-week"], "a folder that the user made is not tidied away"
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(tmp_path), str(clone))
    (tmp_path / ".store").rename(clone / ".store")
    dvc(clone, "pull", "--quiet", f"data/raw/toy/{taken.batch}.dvc")
    assert files(clone / "data" / "raw" / "toy" / taken.batch) == before


def test_nothing_leaves_before_it_is_versioned_and_pushed(inbox: Path, tmp_path: Path) -> None:
    before = files(inbox)
    (tmp_path / ".dvc" / "config").write_text("")  # no remote: `dvc push` fails
    with pytest.raises(UserError, match=r"`dvc push .* failed"):
        take(inbox)
    assert files(inbox) == before


def version_alone(inbox: Path) -> str:
    """The state after an ingest that was killed before it cleared the inbox."""
    layout = Layout(inbox.parents[2], "toy")
    names = ["week/labels.csv", "week/walk.mp4"]
    return version_batch.fn(layout, inbox, names, stamps(inbox, names))


def test_a_kill_before_the_inbox_is_cleared_is_made_good_by_the_next_run(inbox: Path) -> None:
    batch = version_alone(inbox)
    commit = git(inbox.parents[2], "rev-parse", "HEAD")
    assert set(files(inbox)) == {"week/labels.csv", "week/walk.mp4"}
    taken = take(inbox)
    assert (taken.batch, taken.versioned) == ("", {"week/labels.csv": batch, "week/walk.mp4": batch})
    assert git(inbox.parents[2], "rev-parse", "HEAD") == commit
    assert files(inbox) == {}


def test_a_kill_while_the_inbox_is_cleared_leaves_files_that_the_next_run_clears(inbox: Path) -> None:
    batch = version_alone(inbox)
    (inbox / "week" / "labels.csv").unlink()
    (inbox / "week" / "walk.mp4").rename(inbox / "week" / ".walk.mp4.heelstrike-taken")  # killed before its removal
    taken = take(inbox)
    assert (taken.batch, taken.accepted, taken.rejected) == ("", [], {})
    assert taken.versioned == {"week/walk.mp4": batch}
    assert files(inbox) == {}


def test_a_file_written_anew_while_the_batch_is_versioned_stays(inbox: Path, tmp_path: Path) -> None:
    hook = tmp_path / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\nsed -i s/10,20/11,21/ data/inbox/toy/week/labels.csv\n")
    hook.chmod(0o755)
    batch = take(inbox).batch
    assert (inbox.parents[1] / "raw" / "toy" / batch / "week" / "labels.csv").read_text() == LABELS
    assert files(inbox) == {"week/labels.csv": LABELS.replace("10,20", "11,21").encode()}


def test_a_file_that_the_batch_has_lost_stays(inbox: Path, tmp_path: Path, video: bytes) -> None:
    batch = version_alone(inbox)
    (tmp_path / "data" / "raw" / "toy" / batch / "week" / "walk.mp4").unlink()
    take(inbox)
    assert files(inbox) == {"week/walk.mp4": video}


def test_what_fails_its_check_or_is_unknown_or_hidden_stays_with_the_reason_beside_it(
    inbox: Path, video: bytes
) -> None:
    fill(inbox / "bad", video, f"{HEADER}walk.mp4,0,bo,ten,20\n")
    untouched = {"notes.txt": b"hello", ".hidden.mp4": video, "week/.DS_Store": b"\0", "README": b"no suffix"}
    for name, data in untouched.items():
        (inbox / name).write_bytes(data)
    taken = take(inbox)
    assert taken.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert set(taken.rejected) == {"bad/labels.csv", "notes.txt", "README"}
    assert taken.waiting == {"bad/walk.mp4": ["bad/labels.csv"]}
    left = files(inbox)
    assert {name: left.pop(name) for name in untouched} == untouched
    assert left.pop("bad/walk.mp4") == video
    assert b"ten" in left.pop("bad/labels.csv")
    assert b"ten" in left.pop("bad/labels.csv.reason.txt")
    title = b"Heelstrike has left this file in the inbox:\n"
    assert left.pop("bad/walk.mp4.reason.txt") == title + b"it waits for bad/labels.csv\n"
    assert left.pop("notes.txt.reason.txt").startswith(title + b"neither video, image nor label file")
    assert left.pop("README.reason.txt").startswith(title + b"neither video")
    assert left == {}


def test_a_reason_goes_when_the_file_is_put_right(inbox: Path, video: bytes) -> None:
    fill(inbox / "week", video, f"{HEADER}walk.mp4,0,bo,ten,20\n")
    assert take(inbox).accepted == []
    assert "week/labels.csv.reason.txt" in files(inbox)
    fill(inbox / "week", video)
    take(inbox)
    assert files(inbox) == {}


def test_files_of_the_same_name_are_kept_apart(inbox: Path, video: bytes) -> None:
    fill(inbox, video, LABELS.replace("anna", "bo"))
    first = take(inbox)
    assert first.accepted == ["labels.csv", "walk.mp4", "week/labels.csv", "week/walk.mp4"]
    fill(inbox / "week", video, LABELS.replace("anna", "cy"))  # the names of files that were taken before
    second = take(inbox)
    raw = inbox.parents[1] / "raw" / "toy"
    subjects = {
        name: (raw / name / "labels.csv").read_text().splitlines()[1].split(",")[2]
        for name in (first.batch, f"{first.batch}/week", f"{second.batch}/week")
    }
    assert list(subjects.values()) == ["bo", "anna", "cy"]
    assert files(inbox) == {}


def test_another_problems_inbox_and_what_a_link_leads_to_are_not_touched(
    inbox: Path, tmp_path: Path, video: bytes
) -> None:
    fill(tmp_path / "data" / "inbox" / "other", video)
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "more.csv").write_text(LABELS.replace("walk.mp4,0", "../week/walk.mp4,1"))
    (archive / "long.mp4").write_bytes(video)
    (inbox / "linked").symlink_to(archive)  # a linked folder
    (inbox / "week" / "walk.mp4").unlink()
    (inbox / "week" / "walk.mp4").symlink_to(archive / "long.mp4")  # a linked file
    outside = files(archive) | files(tmp_path / "data" / "inbox" / "other")
    taken = take(inbox)
    assert taken.accepted == ["linked/more.csv", "week/labels.csv", "week/walk.mp4"]
    assert (inbox.parents[1] / "raw" / "toy" / taken.batch / "week" / "walk.mp4").read_bytes() == video
    assert files(archive) | files(tmp_path / "data" / "inbox" / "other") == outside
    assert [path.name for path in inbox.iterdir()] == ["linked"]


def test_the_command_copies_from_a_folder_elsewhere_and_says_what_it_took(
    inbox: Path, tmp_path: Path, video: bytes, heelstrike: Callable[..., Result]
) -> None:
    elsewhere = tmp_path / "clinic"
    fill(elsewhere, video)
    before = files(elsewhere)
    done = heelstrike(tmp_path, "ingest", str(elsewhere))
    assert done.exit_code == 0
    (batch,) = (path.name for path in (tmp_path / "data" / "raw" / "toy").iterdir() if path.is_dir())
    assert f"✓ 2 files are now data/raw/toy/{batch}" in done.stdout
    assert "2 files accepted, 0 left" in done.stdout
    assert files(elsewhere) == before
    assert len(files(inbox)) == 2


def test_the_command_names_what_it_left_and_fails(
    inbox: Path, tmp_path: Path, heelstrike: Callable[..., Result]
) -> None:
    (inbox / "notes.txt").write_text("hello")
    done = heelstrike(tmp_path, "ingest")
    assert done.exit_code == 1
    assert "notes.txt is left in the inbox: neither video, image nor label file" in done.stdout
    (inbox / "notes.txt").unlink()
    assert "The inbox has no new files." in heelstrike(tmp_path, "ingest").stdout


def test_a_folder_or_problem_that_is_not_there_is_a_message(inbox: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere: there is no such folder; put videos and their labels there"):
        ingest.fn("toy", folder=str(tmp_path / "nowhere"), root=str(tmp_path))
    with pytest.raises(UserError, match=r"params\.yaml has no problem 'foot'; it has toy"):
        ingest.fn("foot", folder=str(inbox), root=str(tmp_path))
    assert len(files(inbox)) == 2


def test_a_note_that_cannot_be_left_is_said(inbox: Path, listener: Listener) -> None:
    (inbox / "week" / "labels.csv").unlink()
    (inbox / f"{'n' * 245}.txt").write_text("its note's name would be too long")
    take(inbox)
    assert "neither video, image nor label file" in listener.lines[0]
    assert listener.lines[0].endswith("(the reason could not be written beside it: File name too long)")
