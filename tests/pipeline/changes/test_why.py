"""`why` names single changes of data, parameters, code and packages, and nothing else."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from pipeline.changes.packages import packages_since_lock
from pipeline.changes.why import CODE, DATA, PARAMETER, Verdict, why
from tests.pipeline.changes.conftest import PACKAGES, run

Edit = Callable[[Path], None]
RAW = "data/raw/toy/0001-ab"


def replaced(file: str, old: str, new: str) -> Edit:
    """An edit that replaces a text, which is there once."""

    def edit(root: Path) -> None:
        text = (root / file).read_text()
        assert text.count(old) == 1
        (root / file).write_text(text.replace(old, new))

    return edit


def written(file: str, text: str) -> Edit:
    return lambda root: (root / file).write_text(text) and None


def removed(file: str) -> Edit:
    return lambda root: (root / file).unlink()


@contextmanager
def edited(root: Path, edit: Edit) -> Iterator[None]:
    """Change the repository within the block, and undo it."""
    names = ("code", "data/raw/toy/0001-ab", "params.yaml", "requirements.txt", "run.py")
    before = root.parent / "before"
    for name in names:
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy2
        (before / name).parent.mkdir(parents=True, exist_ok=True)
        copy(root / name, before / name)
    try:
        edit(root)
        yield
    finally:
        for name in names:
            for path in (root / name).glob("*") if (root / name).is_dir() else ():
                path.unlink() if path.is_file() else shutil.rmtree(path)
            copy = shutil.copytree if (before / name).is_dir() else shutil.copy2
            copy(before / name, root / name, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))
        shutil.rmtree(before)


CHANGES: dict[str, tuple[Edit, str, str, str]] = {
    # what is changed: the edit, the stage that reads it, the kind, and the text that names it
    "a video": (written(f"{RAW}/walk0.mp4", "other"), "collect", DATA, "data/raw/toy: changed 0001-ab/walk0.mp4"),
    "a video of the same size": (written(f"{RAW}/walk1.mp4", "vidEo 1"), "collect", DATA, "changed 0001-ab/walk1.mp4"),
    "labels": (written(f"{RAW}/labels.csv", "frame,x\n1,3\n"), "collect", DATA, "changed 0001-ab/labels.csv"),
    "an empty file": (written(f"{RAW}/walk2.mp4", " "), "collect", DATA, "changed 0001-ab/walk2.mp4"),
    "a new video": (written(f"{RAW}/walk9.mp4", "new"), "collect", DATA, "new 0001-ab/walk9.mp4"),
    "a new table": (written(f"{RAW}/subjects.csv", "a"), "collect", DATA, "new 0001-ab/subjects.csv"),
    "a removed video": (removed(f"{RAW}/walk3.mp4"), "collect", DATA, "removed 0001-ab/walk3.mp4"),
    "removed labels": (removed(f"{RAW}/labels.csv"), "collect", DATA, "removed 0001-ab/labels.csv"),
    "the last video": (removed(f"{RAW}/walk5.mp4"), "collect", DATA, "removed 0001-ab/walk5.mp4"),
    "a longer video": (written(f"{RAW}/walk4.mp4", "video 4" * 99), "collect", DATA, "changed 0001-ab/walk4.mp4"),
    "a rate": (replaced("params.yaml", "lr: 0.003", "lr: 0.002"), "train", PARAMETER, "toy.train.lr: 0.003 → 0.002"),
    "a count": (replaced("params.yaml", "epochs: 36", "epochs: 40"), "train", PARAMETER, "toy.train.epochs: 36 → 40"),
    "a list": (replaced("params.yaml", "[8, 16]", "[8]"), "train", PARAMETER, "toy.train.steps: [8, 16] → [8]"),
    "a word": (
        replaced("params.yaml", "one_cycle", "flat"),
        "train",
        PARAMETER,
        'toy.train.schedule: "one_cycle" → "flat"',
    ),
    "null": (replaced("params.yaml", "clip: null", "clip: 1"), "train", PARAMETER, "toy.train.clip: null → 1"),
    "a nested name": (
        replaced("params.yaml", "resnet18", "resnet34"),
        "train",
        PARAMETER,
        'toy.model.encoder.name: "resnet18" → "resnet34"',
    ),
    "a new setting": (
        replaced("params.yaml", "dropout: 0.1", "dropout: 0.1, width: 8"),
        "train",
        PARAMETER,
        "toy.model.width: not set → 8",
    ),
    "a removed setting": (
        replaced("params.yaml", "stride: 2, ", ""),
        "collect",
        PARAMETER,
        "toy.collect.stride: 2 → not set",
    ),
    "a source": (
        replaced("params.yaml", "b.json", "c.json"),
        "collect",
        PARAMETER,
        'toy.collect.sources[1].labels: "b.json" → "c.json"',
    ),
    "a table's value": (
        replaced("params.yaml", "buffer: 10", "buffer: 20"),
        "collect",
        PARAMETER,
        "toy.collect.box.buffer: 10 → 20",
    ),
    "a function": (replaced("code/read.py", ">= least", "> least"), "collect", CODE, "code/read.py: count"),
    "a default": (replaced("code/read.py", "least=1", "least=2"), "train", CODE, "code/read.py: count"),
    "a method": (replaced("code/learn.py", "* 0.5", "* 0.6"), "train", CODE, "code/learn.py: Training.step"),
    "a property": (replaced("code/learn.py", "== 0", "<= 0"), "train", CODE, "code/learn.py: Training.ended"),
    "an attribute": (replaced("code/learn.py", "rounds = 10", "rounds = 9"), "train", CODE, "Training.rounds"),
    "a decorator": (replaced("code/learn.py", "@functools.cache\n", ""), "train", CODE, "code/learn.py: schedule"),
    "a constant": (replaced("code/read.py", "LIMIT = 3", "LIMIT = 4"), "collect", CODE, "code/read.py: LIMIT"),
    "an import": (replaced("code/read.py", "import json\n", "import json\nimport os\n"), "train", CODE, "imports"),
    "a new file": (written("code/new.py", "x = 1\n"), "train", CODE, "code/new.py: a new file"),
    "a template": (replaced("code/page.j2", "page", "Page"), "train", CODE, "code/page.j2: changed"),
}


def verdict(root: Path, stage: str) -> Verdict:
    (one,) = why(root, [f"{stage}@toy"])
    return one


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_named_and_nothing_else(repository: Path, change: str) -> None:
    edit, stage, kind, text = CHANGES[change]
    with edited(repository, edit):
        found = verdict(repository, stage)
        (reason,) = found.reasons
        assert (reason.kind, reason.counts) == (kind, True)
        assert text in reason.text
        assert packages_since_lock(repository, "toy") == []


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_named_and_runs_nothing(repository: Path, name: str) -> None:
    number = PACKAGES.index(name)
    with edited(repository, replaced("requirements.txt", f"{name}==1.{number}.0", f"{name}==2.0")):
        lower = name.lower().replace("_", "-")
        assert packages_since_lock(repository, "toy") == [f"{lower} 1.{number}.0 → 2.0 (requirements.txt)"]


def test_text_that_is_no_code_says_so(repository: Path) -> None:
    for old, new in (
        ("# rows without", "# Rows without"),
        ('"""Read a file."""', '"""Read it."""'),
        ("json\n\n", "json\n\n\n"),
    ):
        with edited(repository, replaced("code/read.py", old, new)):
            found = verdict(repository, "collect")
            assert found.lines() == [
                "collect@toy would run, to the same result: no code, only text has changed",
                "  code  code/read.py: only comments, docstrings or layout",
            ]


def test_what_follows_from_a_stage_before_it(repository: Path) -> None:
    assert [one.lines() for one in why(repository)] == [
        ["collect@toy would not run: nothing has changed"],
        ["train@toy would not run: nothing has changed"],
    ]
    with edited(repository, replaced("params.yaml", "stride: 2", "stride: 3")):
        assert verdict(repository, "train").lines() == [
            "train@toy would run if its inputs change:",
            "  follows  collect@toy would run",
        ]


def test_a_committed_edit_is_compared_with_the_text_that_ran(repository: Path) -> None:
    head = "HEAD"
    with edited(repository, replaced("code/learn.py", "math.cos", "math.sin")):
        run(repository, "git", "commit", "--quiet", "-am", "Learn otherwise")
        try:
            assert [reason.text for reason in verdict(repository, "train").reasons] == ["code/learn.py: schedule"]
        finally:
            run(repository, "git", "reset", "--quiet", "--soft", f"{head}~1")
    run(repository, "git", "reset", "--quiet")


def test_what_is_not_there_is_a_message(repository: Path) -> None:
    with pytest.raises(UserError, match=r"trian@toy: no stage and no problem of dvc\.yaml; .* did you mean"):
        why(repository, ["trian@toy"])
