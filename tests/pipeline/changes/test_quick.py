"""A quick look agrees with dvc.lock as DVC has written it."""

import shutil
from pathlib import Path

import pytest

from pipeline.changes.quick import never_run, visibly_changed
from pipeline.dvc_lock import locked_stages
from pipeline.layout import STAGES


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    """A copy of the repository whose stages have run."""
    return Path(shutil.copytree(repository, tmp_path / "copy"))


def changed(root: Path) -> list[str]:
    return visibly_changed(root, "toy", locked_stages(root))


def test_nothing_has_changed(copy: Path) -> None:
    (copy / "code" / "__pycache__").mkdir()
    (copy / "code" / "__pycache__" / "read.pyc").write_bytes(b"x")
    assert changed(copy) == []


def test_stages_that_have_no_entry_have_never_run(copy: Path) -> None:
    assert never_run("toy", locked_stages(copy)) == [stage for stage in STAGES if stage not in ("collect", "train")]
    assert never_run("other", locked_stages(copy)) == list(STAGES)


@pytest.mark.parametrize(
    ("path", "old", "new", "stages"),
    [
        ("params.yaml", "lr: 0.003", "lr: 0.004", ["train"]),
        ("params.yaml", "stride: 2", "stride: 3", ["collect"]),
        ("code/read.py", "LIMIT = 3", "LIMIT = 4", ["collect"]),
        ("code/learn.py", "rounds = 10", "rounds = 100", ["train"]),
        ("data/raw/toy/0001-ab/labels.csv", "1,2", "1,22", ["collect"]),
    ],
)
def test_what_has_changed_is_told(copy: Path, path: str, old: str, new: str, stages: list[str]) -> None:
    file = copy / path
    text = file.read_text()
    file.unlink()  # DVC may have linked it to its cache
    file.write_text(text.replace(old, new))
    assert set(stages) <= set(changed(copy))


def test_a_missing_output_is_told(copy: Path) -> None:
    shutil.rmtree(copy / "models")
    assert changed(copy) == ["train"]
