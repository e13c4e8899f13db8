"""What a comparison of a rebuilt package with the registered one names."""

from pathlib import Path

import pytest
import yaml

from flows.reproduce import Reproduction, commit_of, compare_packages, first_difference
from flows.scratch_clone import alone_in, changed_files
from heelstrike.errors import UserError
from pipeline.layout import Layout
from tests.flows.conftest import run
from tests.flows.inboxes import version_by_hand


def stage(raw: str, out: str, lr: float = 1) -> dict[str, object]:
    return {"deps": [{"path": "data/raw/toy", "md5": raw}], "params": {"lr": lr}, "outs": [{"path": "x", "md5": out}]}


def test_the_first_stage_that_differs_is_named_with_its_inputs() -> None:
    old = {"collect@toy": stage("a", "1"), "train@toy": stage("a", "2")}
    assert first_difference(old, old, "toy") == []
    new = {"collect@toy": stage("b", "9"), "train@toy": stage("b", "8")}
    assert first_difference(old, new, "toy") == ["collect@toy: x", "collect@toy: its input data/raw/toy differs"]
    new = {"collect@toy": stage("a", "1"), "train@toy": stage("a", "8", lr=2)}
    assert first_difference(old, new, "toy") == ["train@toy: x", "train@toy: its settings in params.yaml differ"]


def test_packages_are_compared_file_by_file(tmp_path: Path) -> None:
    for name, files in {"old": {"a": "1", "b": "2", "c": "3"}, "new": {"a": "1", "b": "9", "d": "4"}}.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    states = compare_packages(tmp_path / "old", tmp_path / "new")
    assert states == {"a": "identical", "b": "differs", "c": "missing", "d": "new"}
    assert not Reproduction("toy/1", "0" * 40, files=states).identical
    assert Reproduction("toy/1", "0" * 40, files={"a": "identical"}).identical
    assert not Reproduction("toy/1", "0" * 40).identical


def test_the_commit_is_the_one_whose_lock_names_the_package(repository: Path) -> None:
    for digest in ("first", "second"):
        stages = {"package@toy": {"outs": [{"path": "p", "md5": digest}]}}
        (repository / "dvc.lock").write_text(yaml.safe_dump({"stages": stages}))
        run(repository, "git", "add", "dvc.lock")
        run(repository, "git", "commit", "--quiet", "-m", digest)
    layout = Layout(repository, "toy")
    assert run(repository, "git", "log", "-1", "--format=%s", commit_of(layout, {"dvc.package": "first"})) == "first\n"
    with pytest.raises(UserError, match=r"no commit of this repository has a dvc\.lock with the package third"):
        commit_of(layout, {"dvc.package": "third"})


def test_one_changed_byte_of_raw_data_is_named(inbox: Path) -> None:
    layout = Layout(inbox.parents[2], "toy")
    batch = version_by_hand(layout.root, inbox)
    assert changed_files(layout) == []
    video = batch / "week" / "walk.mp4"
    content = bytearray(video.read_bytes())
    content[100] ^= 1
    video.unlink()
    video.write_bytes(content)
    (line,) = changed_files(layout)
    assert line.startswith(f"data/raw/toy/{batch.name}/week/walk.mp4: MD5 ")


def test_two_do_not_rebuild_one_commit_in_the_same_clone(tmp_path: Path) -> None:
    with (
        alone_in(tmp_path / "clone"),
        pytest.raises(UserError, match="another process rebuilds this commit"),
        alone_in(tmp_path / "clone"),
    ):
        pass
