import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from heelstrike.files import clear_asides, file_digest, folder_aside, json_digest, write_aside, write_json
from pipeline.layout import STAGES, Layout


def test_folder_aside_replaces_the_old_folder_whole(tmp_path):
    out = tmp_path / "a" / "out"
    with folder_aside(out) as aside:
        (aside / "one").write_text("1")
    with folder_aside(out) as aside:
        (aside / "two").write_text("2")
        assert sorted(p.name for p in out.iterdir()) == ["one"]
    assert sorted(p.name for p in out.iterdir()) == ["two"]
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_folder_aside_keeps_the_old_folder_on_failure(tmp_path):
    out = tmp_path / "out"
    with folder_aside(out) as aside:
        (aside / "one").write_text("1")
    with pytest.raises(RuntimeError), folder_aside(out) as aside:
        (aside / "two").write_text("2")
        raise RuntimeError
    assert (out / "one").read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_kill_while_writing_leaves_the_old_folder(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    code = (
        "import sys, time; from pathlib import Path; from heelstrike.files import folder_aside\n"
        "with folder_aside(Path(sys.argv[1])) as aside:\n"
        "    (aside / 'half').write_text('x'); print('in', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"in\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert [p.name for p in out.iterdir()] == ["old"]
    with folder_aside(out) as aside:
        assert list(aside.iterdir()) == []
        (aside / "new").write_text("new")
    assert [p.name for p in out.iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_write_aside(tmp_path):
    path = tmp_path / "deep" / "file"
    with write_aside(path) as aside:
        aside.write_text("1")
    with pytest.raises(RuntimeError), write_aside(path) as aside:
        aside.write_text("2")
        raise RuntimeError
    assert path.read_text() == "1"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_json_is_the_same_bytes_for_the_same_value(tmp_path):
    write_json(tmp_path / "a", {"b": 1, "a": [1.5, None]})
    write_json(tmp_path / "b", {"a": [1.5, None], "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_text()) == {"a": [1.5, None], "b": 1}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "c", float("nan"))
    assert not (tmp_path / "c").exists()


def test_digests(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_digest(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json_digest({"a": 1, "b": 2}) == json_digest({"b": 2, "a": 1}) != json_digest({"a": 1, "b": 3})


def test_every_stage_has_its_folder(tmp_path):
    layout = Layout(tmp_path, "p")
    outs = [layout.out(stage) for stage in STAGES]
    assert len(set(outs)) == len(STAGES)
    assert layout.out("collect") == tmp_path / "data" / "p" / "collect"
    assert layout.work("collect", "k").is_relative_to(tmp_path / ".work")


def test_the_longest_name_can_be_written(tmp_path):
    path = tmp_path / ("n" * 255)
    with write_aside(path) as aside:
        assert len(aside.name) < 40
        aside.write_text("1")
    assert path.read_text() == "1"


def test_asides_of_killed_processes_are_cleared_and_others_stay(tmp_path):
    stale, near = tmp_path / f".heelstrike-{'0' * 16}.aside", tmp_path / ".heelstrike-mine.aside"
    for path in (stale, near):
        path.write_text("half")
    linked = tmp_path / f".heelstrike-{'1' * 16}.aside"
    linked.symlink_to(near)
    with write_aside(tmp_path / "file") as aside:
        clear_asides(tmp_path)
        aside.write_text("whole")
    assert (tmp_path / "file").read_text() == "whole"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([near.name, linked.name, "file"])
    clear_asides(tmp_path / "nowhere")
