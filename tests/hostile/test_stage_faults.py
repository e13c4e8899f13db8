"""Faults while a stage runs: its outputs are those of an undisturbed run or absent, and the next run makes them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.layout import STAGES, Layout
from tests.hostile.checks import difference, snapshot
from tests.hostile.commands import ROOT, Fault, World, check_fault, faults

pytestmark = pytest.mark.timeout(600)

_REPLACE = "heelstrike.files|Path.replace"
_CHANGED = "changed while the stage ran"


def _of(stage: str, workers: bool = False) -> list[Fault]:
    """Where any stage may break: before and after its work, and around the first renaming of an output.

    Args:
        stage: The stage.
        workers: True if the first output is renamed in a worker process.
    """
    room = f"pipeline.{stage}.stage"
    return [
        Fault(f"{room}|folder_aside|before|1", "kill"),
        Fault(f"{_REPLACE}|before|1", "kill", of_worker=workers),
        Fault(f"{_REPLACE}|after|1", "kill", of_worker=workers),
        Fault(f"{_REPLACE}|before|1", "ENOSPC", f"{stage}@rearfoot: No space left"),
        Fault(f"{room}|run|after|1", "kill"),
    ]


FAULTS: dict[str, list[Fault]] = {
    "collect": [
        *_of("collect"),
        Fault("pipeline.collect.stage|write_json|before|1", "EIO", "collect@rearfoot: Input/output error"),
        Fault("pipeline.collect.stage|write_json|after|1", "term"),
        Fault("pipeline.collect.stage|run|after|1", "sh touch params.yaml"),
        Fault("pipeline.collect.stage|run|before|1", "pause"),
    ],
    "validate": _of("validate"),
    "split": [
        *_of("split"),
        Fault("pipeline.split.stage|write_json|after|2", "kill"),
        Fault("pipeline.split.stage|write_json|before|3", "ENOSPC", "split@rearfoot: No space left"),
        Fault("pipeline.split.stage|run|after|1", "sh touch data/rearfoot/collect/summary.json", _CHANGED),
    ],
    "prepare": _of("prepare"),
    "search": [
        *_of("search", workers=True),
        Fault("pipeline.search.record|Record.end|before|1", "kill"),
        Fault("pipeline.search.record|Record.end|after|1", "kill"),
        Fault("pipeline.search.study|Study._start|before|1", "kill"),
        Fault("pipeline.search.stage|choose|before|1", "term"),
    ],
    "train": [
        *_of("train"),
        Fault("pipeline.train.fit|write_aside|before|2", "kill"),
        Fault("pipeline.train.fit|write_aside|before|3", "ENOSPC", "train@rearfoot: No space left"),
        Fault("pipeline.train.fit|CheckpointCallback.on_train_epoch_end|after|2", "kill"),
        Fault("pipeline.train.fit|CheckpointCallback.on_train_epoch_end|after|1", "pause"),
        Fault("pipeline.train.fit|write_json|before|1", "kill"),
    ],
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder in which all stages before a stage have run, and the one in which it has run undisturbed."""
    folders = {STAGES[0]: _empty_checkout(tmp_path_factory.mktemp("stages") / "checkout")}

    def folder_before(stage: str) -> Path:
        if stage not in folders:
            earlier = STAGES[STAGES.index(stage) - 1]
            folder = tmp_path_factory.mktemp("stages") / "checkout"
            shutil.copytree(folder_before(earlier), folder)
            done = world_in(folder, earlier).run()
            assert done.status == 0, done.output
            folders[stage] = folder
        return folders[stage]

    return folder_before


def _empty_checkout(folder: Path) -> Path:
    """The problem of the end-to-end tests, smaller, without git."""
    folder.mkdir(parents=True)
    params = yaml.safe_load((ROOT / "tests" / "e2e" / "params.yaml").read_text())
    problem = params["rearfoot"]
    problem["collect"]["sources"] = [problem["collect"]["sources"][0] | {"frames_per_subject": 2}]
    problem["search"] |= {"window": 1, "images": 8}
    problem["train"]["steps"][0]["epochs"] = 2
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    shutil.copy(ROOT / "dvc.yaml", folder)
    return folder


def world_in(folder: Path, stage: str, right: Any = None) -> World:
    """A stage in a folder; `right` are its outputs after an undisturbed run."""

    def files(folder: Path) -> dict[str, Any]:
        return {str(Path(path).relative_to(folder)): entry for path, entry in snapshot(folder).items()}

    def half_written(folder: Path) -> dict[str, str]:
        state = output(folder)
        return difference(right, state) if state and right is not None else {}

    def output(folder: Path) -> dict[str, Any]:
        out = Layout(folder, "rearfoot").out(stage)
        return {str(Path(path).relative_to(out)): entry for path, entry in snapshot(out).items()}

    def lost(folder: Path) -> dict[str, str]:
        """Inputs that are gone or changed; a stage may only add files."""
        return {path: change for path, change in difference(before, files(folder)).items() if change != "added"}

    before = files(folder)
    environment = {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    command = ("python", "-m", "pipeline", stage, "rearfoot")
    return World(folder, command, environment, output, lost, half_written, limit_s=180)


def _test(stage: str, fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    following = STAGES[STAGES.index(stage) + 1]
    undisturbed = ready(following)
    right = world_in(undisturbed, stage).state(undisturbed)
    assert right
    folder = tmp_path / "checkout"
    shutil.copytree(ready(stage), folder)
    check_fault(world_in(folder, stage, right), fault, right)


@faults(FAULTS["collect"])
def test_collect(fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    _test("collect", fault, ready, tmp_path)


@faults(FAULTS["validate"])
def test_validate(fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    _test("validate", fault, ready, tmp_path)


@faults(FAULTS["split"])
def test_split(fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    _test("split", fault, ready, tmp_path)


@faults(FAULTS["prepare"])
def test_prepare(fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    _test("prepare", fault, ready, tmp_path)


@faults(FAULTS["search"])
def test_search(fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    _test("search", fault, ready, tmp_path)


@faults(FAULTS["train"])
def test_train(fault: Fault, ready: Callable[[str], Path], tmp_path: Path) -> None:
    _test("train", fault, ready, tmp_path)
