"""Nothing is lost and nothing half-made is used when an ingest is killed, disturbed, or run twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from prefect.settings import PREFECT_API_URL

from flows.batches import batch_digest, content_hash, versioned_batches
from flows.checkout_lock import problem_lock
from flows.inbox import clear, put_back_taken
from flows.quiet_files import QUIET
from flows.versioning import dvc, git
from heelstrike.errors import UserError
from pipeline.layout import Layout
from tests.flows.conftest import Listener
from tests.flows.inboxes import LABELS, files, fill, take

pytestmark = pytest.mark.usefixtures("prefect")

CORRECTED = LABELS.replace("10,20", "11,21")
ROOT = Path(__file__).parents[2]


def raw_of(inbox: Path) -> Path:
    return inbox.parents[1] / "raw" / "toy"


def batches(inbox: Path) -> list[str]:
    """Folders of batches, hidden ones too."""
    return sorted(path.name for path in raw_of(inbox).iterdir() if path.is_dir())


@pytest.mark.parametrize("added", [False, True])
def test_a_half_made_batch_is_withdrawn_and_what_is_nowhere_else_is_kept(
    inbox: Path, listener: Listener, added: bool
) -> None:
    name = f"0001-{batch_digest({file: content_hash(inbox / file) for file in files(inbox)})}"
    half, root = raw_of(inbox) / name, inbox.parents[2]
    shutil.copytree(inbox, half)  # killed after copying
    (raw_of(inbox) / f".{name}.abc.aside").mkdir()  # killed while copying
    if added:  # killed before the commit
        dvc(root, "add", "--quiet", str(half))
        git(root, "add", f"data/raw/toy/{name}.dvc", "data/raw/toy/.gitignore")
    (inbox / "week" / "labels.csv").write_text(CORRECTED)
    batch = take(inbox).batch
    assert batches(inbox) == [batch]
    assert (raw_of(inbox) / batch / "week" / "labels.csv").read_text() == CORRECTED
    assert [b.name for b in versioned_batches(Layout(root, "toy"))] == [batch]
    assert git(root, "status", "--porcelain", "--", "data/raw") == ""
    assert files(root / ".work" / "toy" / "withdrawn") == {f"{name}/week/labels.csv": LABELS.encode()}
    assert f"{name} of an interrupted ingest was not versioned; it is withdrawn" in listener.lines[0]


@pytest.mark.usefixtures("listener")
def test_a_users_folder_that_is_named_like_a_batch_is_not_withdrawn(inbox: Path, video: bytes) -> None:
    fill(raw_of(inbox) / "2024-0123456789", video)
    assert take(inbox).batch.startswith("2025-")
    assert len(files(raw_of(inbox) / "2024-0123456789")) == 2


@pytest.mark.usefixtures("listener")
def test_the_remote_comes_back_and_the_same_command_completes(inbox: Path, tmp_path: Path) -> None:
    before, store = files(inbox), tmp_path / ".store"
    store.write_text("a file where the remote's folder should be")
    with pytest.raises(UserError, match=r"`dvc push data/raw/toy/0001-.* failed"):
        take(inbox)
    assert files(inbox) == before
    assert git(tmp_path, "tag") == ""
    store.unlink()
    (inbox / "week" / "labels.csv").write_text(CORRECTED)  # meanwhile
    taken = take(inbox)
    assert files(inbox) == {}
    assert len(batches(inbox)) == 2
    assert [batch.pushed for batch in versioned_batches(Layout(tmp_path, "toy"))] == [True, True]
    assert git(tmp_path, "log", "-1", "--format=%s", f"data/toy/{batches(inbox)[0]}") != f"data/toy/{taken.batch}"


@pytest.mark.usefixtures("listener")
def test_corrected_labels_share_the_video_and_old_labels_can_come_back(inbox: Path, video: bytes) -> None:
    names = [take(inbox).batch]
    for labels in (CORRECTED, LABELS):
        fill(inbox / "week", video, labels)
        names.append(take(inbox).batch)
    assert names == batches(inbox)
    assert [name[:4] for name in names] == ["0001", "0002", "0003"]
    videos = [raw_of(inbox) / name / "week" / "walk.mp4" for name in names]
    assert len({path.stat().st_ino for path in videos}) == 1, "the video is stored once"
    assert {path.read_bytes() for path in videos} == {video}
    assert dvc(inbox.parents[2], "status", "data/raw/toy/" + names[1] + ".dvc") == "Data and pipelines are up to date."


def test_a_file_that_is_still_written_stays_and_its_labels_wait(
    inbox: Path, tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch, heelstrike: Callable[..., Result]
) -> None:
    monkeypatch.setenv(QUIET, "0.4")
    ended = threading.Event()

    def write() -> None:
        with (inbox / "week" / "walk.mp4").open("wb") as stream:
            while not ended.wait(0.05):
                stream.write(video[:100])
                stream.flush()
            stream.seek(0)
            stream.truncate()
            stream.write(video)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        first = heelstrike(tmp_path, "ingest")
    finally:
        ended.set()
        writer.join()
    assert first.exit_code == 0
    assert "week/walk.mp4 is still being written; the next ingest takes what is finished" in first.stdout
    assert "1 file waits for it: week/labels.csv" in first.stdout
    assert "week/walk.mp4.reason.txt" not in files(inbox)
    second = heelstrike(tmp_path, "ingest")  # it waits until the file is quiet
    assert "2 files are now data/raw/toy/0001-" in second.stdout
    assert files(inbox) == {}


@pytest.mark.usefixtures("listener")
def test_a_file_that_a_process_has_open_for_writing_stays(inbox: Path) -> None:
    with (inbox / "week" / "walk.mp4").open("ab"):
        taken = take(inbox)
    assert (taken.unfinished, taken.accepted) == (["week/walk.mp4"], [])


@pytest.mark.usefixtures("listener")
def test_a_video_that_changes_while_it_is_checked_stays(inbox: Path, video: bytes, tmp_path: Path) -> None:
    fill(inbox / "other", video, LABELS.replace("anna", "bo"))
    (tmp_path / "params.yaml").touch()
    name = "other/walk.mp4"
    changer = threading.Thread(target=_change_when_checked, args=(tmp_path, inbox / name, video))
    changer.start()
    taken = take(inbox)
    changer.join()
    assert taken.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert taken.unfinished == [name]
    assert taken.waiting == {"other/labels.csv": [name]}
    assert files(inbox)[name] == video + b"more"


def _change_when_checked(root: Path, file: Path, video: bytes) -> None:
    """Replace a file while the batch is being copied."""
    while not any((root / "data").glob("raw/toy/.0001-*.aside")):
        time.sleep(0.0005)
    aside = root / "new.mp4"
    aside.write_bytes(video + b"more")
    aside.rename(file)


def test_only_the_bytes_that_were_taken_are_removed(tmp_path: Path) -> None:
    inbox, batch = tmp_path / "inbox", tmp_path / "batch"
    for folder in (inbox, batch):
        folder.mkdir()
        (folder / "a.csv").write_text("taken")
        (folder / "b.csv").write_text("taken")
    digest = "f6c9ad2b5c3a1d1dc8f4a1b4c6a59ef5"
    stay = clear(inbox, ["a.csv", "b.csv"], {"a.csv": digest, "b.csv": digest}, batch)
    assert stay == dict.fromkeys(["a.csv", "b.csv"], "changed since it was taken; the next ingest takes it again")
    assert files(inbox) == {"a.csv": b"taken", "b.csv": b"taken"}, "DVC holds other bytes"


def test_a_file_that_was_about_to_be_removed_gets_its_name_back(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / f".{name}.heelstrike-taken").write_text("old")
    (tmp_path / "b.csv").write_text("new")  # put there meanwhile
    (tmp_path / "c.csv").write_text("old")
    put_back_taken(tmp_path)
    assert files(tmp_path) == {"a.csv": b"old", "b.csv": b"new", "b-2.csv": b"old", "c.csv": b"old"}


@pytest.mark.usefixtures("listener")
def test_a_users_own_reason_file_is_neither_removed_nor_overwritten(
    inbox: Path, tmp_path: Path, video: bytes, heelstrike: Callable[..., Result]
) -> None:
    elsewhere = tmp_path / "week12"
    fill(elsewhere, video)
    (elsewhere / "notes.txt").write_text("hello")
    own = {"relabelling.reason.txt": b"why we labelled again\n", "notes.txt.reason.txt": b"our notes\n"}
    for name, content in own.items():
        (elsewhere / name).write_bytes(content)
    before = files(elsewhere)
    heelstrike(tmp_path, "ingest", str(elsewhere))
    assert files(elsewhere) == before
    again = heelstrike(tmp_path, "ingest", str(elsewhere))
    assert "labels.csv, walk.mp4 are in batch 0001-" in again.stdout
    assert len(batches(inbox)) == 1


@pytest.mark.usefixtures("listener")
def test_a_linked_folder_is_taken_once(inbox: Path, tmp_path: Path, video: bytes) -> None:
    archive = tmp_path / "archive"
    fill(archive, video, LABELS.replace("anna", "cy"))
    before = files(archive)
    (inbox / "week12").symlink_to(archive)
    assert "week12/walk.mp4" in take(inbox).accepted
    again = take(inbox)
    assert again.batch == ""
    assert again.unremoved == dict.fromkeys(["week12/labels.csv", "week12/walk.mp4"], "behind a linked folder")
    assert files(archive) == before


def test_what_stopped_an_ingest_is_said_once(
    inbox: Path, tmp_path: Path, video: bytes, heelstrike: Callable[..., Result]
) -> None:
    rows = [f"{number:03d}.mp4,0,anna,10,20" for number in range(20)]
    fill(inbox / "week", video, LABELS + "\n".join(rows) + "\n")
    for number in range(20):
        (inbox / "week" / f"{number:03d}.mp4").write_bytes(video if number != 7 else video[:300])
    done = heelstrike(tmp_path, "ingest")
    lines = [line for line in done.stdout.splitlines() if "check inbox" not in line]
    assert done.exit_code == 1
    assert len(lines) == 3
    assert lines[0].startswith("week/007.mp4 is left in the inbox: week/007.mp4: ")
    assert lines[1] == "21 files wait for it: week/000.mp4, week/001.mp4, week/002.mp4 and 18 more"
    assert lines[2] == "the full list is in .work/toy/ingest.json"
    assert len(json.loads((tmp_path / ".work" / "toy" / "ingest.json").read_text())["waiting"]) == 21


@pytest.mark.parametrize("command", ["ingest", pytest.param("retrain", marks=pytest.mark.slow)])
def test_another_writer_is_named_and_nothing_is_taken(
    inbox: Path, tmp_path: Path, heelstrike: Callable[..., Result], command: str
) -> None:
    before = files(inbox)
    with problem_lock(tmp_path, "toy", "retrain", wait=True, say=print):
        refused = heelstrike(tmp_path, command, "--no-wait")
    assert refused.exit_code == 1
    assert f"works on toy in this checkout: retrain (process {os.getpid()} since " in refused.stderr
    assert files(inbox) == before


@pytest.mark.usefixtures("listener")
def test_where_a_commit_would_be_lost_nothing_is_taken(inbox: Path, tmp_path: Path) -> None:
    before, folder = files(inbox), tmp_path / ".git"
    git(tmp_path, "checkout", "--quiet", "--detach")
    with pytest.raises(UserError, match=r"HEAD is detached at .*git switch --create NAME"):
        take(inbox)
    git(tmp_path, "switch", "--quiet", "--create", "work")
    for name, words in {
        "MERGE_HEAD": "a merge .*git merge --abort",
        "rebase-merge": "a rebase .*git rebase --continue",
        "CHERRY_PICK_HEAD": "a cherry-pick",
        "BISECT_LOG": "a bisection .*git bisect reset",
    }.items():
        (folder / name).write_text("")
        with pytest.raises(UserError, match=f"(?s)in the middle of {words}"):
            take(inbox)
        (folder / name).unlink()
    assert files(inbox) == before
    assert take(inbox).batch


CHILD = """
import os, signal, sys
import flows.ingest, flows.batches, flows.inbox
from prefect.settings import PREFECT_LOGGING_LEVEL
module, name, number, action = sys.argv[1:5]
module = sys.modules[module]
function, calls = getattr(module, name), 0
def disturbed(*arguments, **named):
    global calls
    calls += 1
    if calls == int(number) and action == "full":
        raise OSError(28, "No space left on device")
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return function(*arguments, **named)
setattr(module, name, disturbed)
flows.ingest.ingest("toy", root=".")
"""


@pytest.mark.slow
@pytest.mark.parametrize("action", ["kill", "full"])
@pytest.mark.parametrize(
    "point",
    [
        ("flows.ingest", "content_hash", 1),
        ("flows.ingest", "_copy", 1),
        ("flows.ingest", "_version", 1),
        ("flows.ingest", "dvc", 1),
        ("flows.ingest", "versioned_files", 1),
        ("flows.ingest", "commit_paths", 1),
        ("flows.ingest", "share_media", 1),
        ("flows.ingest", "dvc", 2),
        ("flows.ingest", "tag", 1),
        ("flows.ingest", "clear", 1),
        ("flows.inbox", "content_hash", 1),
        ("flows.inbox", "content_hash", 2),
    ],
    ids=lambda point: "-".join(map(str, point)),
)
@pytest.mark.usefixtures("listener")
def test_killed_anywhere_the_same_command_completes(
    inbox: Path, tmp_path: Path, point: tuple[str, str, int], action: str
) -> None:
    before = files(inbox)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PREFECT_API_URL": str(PREFECT_API_URL.value())}
    command = [sys.executable, "-c", CHILD, *map(str, point), action]
    child = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=120)
    assert child.returncode == (-signal.SIGKILL if action == "kill" else 1)
    held = files(inbox) | {key.split("/", 1)[1]: data for key, data in files(raw_of(inbox)).items() if "/" in key}
    assert before.items() <= held.items() or files(inbox).keys() >= {"week/.labels.csv.heelstrike-taken"}
    take(inbox)
    assert files(inbox) == {}
    (batch,) = batches(inbox)
    assert files(raw_of(inbox) / batch) == before
    assert [b.pushed for b in versioned_batches(Layout(tmp_path, "toy"))] == [True]


@pytest.mark.slow
@pytest.mark.usefixtures("listener")
def test_two_ingests_at_once_lose_nothing(inbox: Path, tmp_path: Path) -> None:
    before = files(inbox)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PREFECT_API_URL": str(PREFECT_API_URL.value())}
    command = [sys.executable, "-c", "import flows.ingest; flows.ingest.ingest('toy', root='.')"]
    children = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(2)]
    assert [child.wait(timeout=120) for child in children] == [0, 0]
    assert files(inbox) == {}
    (batch,) = batches(inbox)
    assert files(raw_of(inbox) / batch) == before


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_terminated_command_ends_with_one_line_and_frees_the_lock(
    inbox: Path, tmp_path: Path, signal_number: int, listener: Listener
) -> None:
    before = files(inbox)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        QUIET: "30",
    }
    command = [sys.executable, "-m", "heelstrike", "ingest"]
    child = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    record = tmp_path / ".work" / "toy" / "writer.json"
    deadline = time.monotonic() + 60
    while not record.is_file():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1)  # it waits for the files to be quiet
    child.send_signal(signal_number)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 130
    assert [line for line in errors.splitlines() if line] == [
        "Interrupted. Finished work is kept.",
        "Continue with: heelstrike ingest",
    ]
    with problem_lock(tmp_path, "toy", "ingest", wait=False, say=print):
        assert files(inbox) == before
