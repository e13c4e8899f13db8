"""Faults while `heelstrike predict` measures a folder: results are whole or absent, and the next run completes them."""

import json
import shutil
from pathlib import Path

import pytest

from heelstrike.files import file_digest
from tests.hostile.checks import snapshot
from tests.hostile.commands import Fault, World, check_fault, faults
from tests.hostile.test_names import _picture
from tests.packages import make_package
from tests.videos import write_video

pytestmark = pytest.mark.timeout(200)

COMMAND = ("heelstrike", "predict", "in", "--package", "package", "--out", "out", "--overlay")
_WRITER, _FILES = "heelstrike.predict.predictor|Writer.write", "heelstrike.files|Path.replace"
_FRAME = "heelstrike.predict.results|ResultWriter.add"
FAULTS = [
    Fault(f"{_WRITER}|before|1", "kill"),
    Fault(f"{_WRITER}|after|1", "kill", quick=True),
    Fault(f"{_WRITER}|after|3", "kill"),
    Fault(f"{_FILES}|before|1", "kill", quick=True),
    Fault(f"{_FILES}|after|1", "kill", quick=True),
    Fault(f"{_FILES}|before|4", "kill", quick=True),
    Fault(f"{_FILES}|after|5", "kill"),
    Fault(f"{_FILES}|before|1", "ENOSPC", "No space left", quick=True),
    Fault(f"{_FILES}|before|2", "EIO", "Input/output error"),
    Fault(f"{_FILES}|before|3", "EACCES", "Permission denied", quick=True),
    Fault(f"{_FRAME}|before|1", "ENOSPC", "No space left"),
    Fault(f"{_FRAME}|after|4", "kill", quick=True),
    Fault(f"{_FRAME}|after|4", "ENOSPC", "No space left", quick=True),
    Fault(f"{_FRAME}|after|4", "term"),
    Fault(f"{_FRAME}|after|4", "int"),
    Fault(f"{_FRAME}|after|4", "pause"),
    Fault(f"{_FRAME}|after|1", "sleep 2"),
    Fault("heelstrike.predict.measurer|Measurer.image|before|2", "EIO", "Input/output error", quick=True),
    Fault("heelstrike.video.reader|VideoReader.__enter__|after|2", "EIO", "Input/output error"),
    Fault("heelstrike.video.writer|VideoWriter.add|after|3", "kill", quick=True),
    Fault("heelstrike.video.writer|VideoWriter.add|after|3", "ENOSPC", "No space left", quick=True),
    Fault("heelstrike.predict.predictor|find_inputs|after|1", "sh mv in/b.png in/c.png", r"b\.png", quick=True),
]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures, a video and a package."""
    folder = tmp_path_factory.mktemp("predict-faults") / "clinic"
    make_package(folder / "package")
    _picture(folder / "in" / "a.png")
    _picture(folder / "in" / "b.png")
    write_video(folder / "in" / "walk.mp4", frames=6)
    return folder


def world_in(folder: Path) -> World:
    """A world in a folder like `ready`."""
    inputs = {Path(path).name: entry for path, entry in snapshot(folder / "in").items()}

    def lost(folder: Path) -> set[tuple[str, int, str]]:
        return set(inputs.values()) - set(snapshot(folder / "in").values())

    return World(folder, COMMAND, {"COLUMNS": "200"}, _results, lost, _half_written)


def _results(folder: Path) -> dict[str, str]:
    return {path.name.replace("c.png", "b.png"): _digest(path) for path in (folder / "out").iterdir()}


def _digest(path: Path) -> str:
    return file_digest(path) if path.suffix != ".json" else path.read_text().replace("c.png", "b.png")


def _half_written(folder: Path) -> list[str]:
    """Results under their own names that cannot be read."""
    damaged = []
    for path in (folder / "out").glob("*") if (folder / "out").is_dir() else []:
        if path.name.startswith("."):
            continue
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".csv":
            damaged += [path.name] if not path.read_text().endswith("\n") else []
        elif path.stat().st_size < 100:
            damaged.append(path.name)
    return damaged


@pytest.fixture(scope="module")
def right(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The results of an undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed") / "clinic"
    shutil.copytree(ready, folder)
    world = world_in(folder)
    done = world.run()
    assert done.status == 0, done.output
    state: dict[str, str] = world.state(folder)
    assert len(state) == 8
    return state


@faults(FAULTS)
def test_predict(fault: Fault, ready: Path, right: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(ready, tmp_path / "clinic")
    check_fault(world_in(tmp_path / "clinic"), fault, right)
