"""What a clinic installs: the wheel alone in a fresh environment, and its way from a registry to a measurement."""

import json
import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import SimpleITK as sitk

from heelstrike.video.writer import write_video
from pipeline.registry.promote import promote
from tests.environments import ROOT, build_wheel, install, python_of, surroundings
from tests.worlds import World, mlflow_server, world

__all__ = ["mlflow_server", "world"]

_PINNED = ("--constraint", str(ROOT / "requirements.txt"))  # what set-up has fetched already
_UNREACHABLE = ("Failed to fetch", "dns error", "tcp connect error", "Network connectivity is disabled")

USE = """
import json, sys
import heelstrike
light = sorted(sys.modules)
model = heelstrike.load()
video, scan = model.predict("walk.mp4"), model.predict("foot.mha")
report = model.write("walk.mp4", "results", overlay=True)
heavy = {"torch", "pandas", "mlflow", "scipy", "PIL", "yaml", "sklearn", "pipeline", "flows"}
print(json.dumps({
    "file": heelstrike.__file__,
    "light": [name for name in ("numpy", "cv2", "av", "onnxruntime", "requests") if name in light],
    "reference": model.reference,
    "frames": [frame.values for frame in video.frames],
    "measured": video.summary.measured,
    "scan": [scan.source.mm_per_px, scan.frames[0].values],
    "written": [file.name for file in report.done[0].files],
    "heavy": sorted(heavy & set(sys.modules)),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def environment(wheel: Path, folder: Path, *options: str) -> Path:
    """An environment with the wheel and what scans need."""
    done = install(wheel, folder, extras="[scans]", options=options)
    if done.returncode and any(sign in done.stderr for sign in _UNREACHABLE):
        pytest.skip(f"the package index cannot be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(wheel, tmp_path_factory.mktemp("environment") / "venv", *_PINNED)


@pytest.fixture
def clinic(tmp_path: Path, world: World, mlflow_server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a video and a scan; the only champion of the server that the environment names is rearfoot/1."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    if world.champion is None:
        promote(world.root, world.decision(world.candidate(1), None))
    folder = tmp_path / "clinic"
    folder.mkdir()
    write_video(folder / "walk.mp4", (np.full((120, 160, 3), 0 if n == 2 else 150, np.uint8) for n in range(5)), 25)
    scan = sitk.GetImageFromArray(np.full((120, 160), 150, np.uint8))
    scan.SetSpacing((0.2, 0.2))
    sitk.WriteImage(scan, str(folder / "foot.mha"))
    return folder


def test_the_wheel_holds_the_library_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith("METADATA"))).decode()
        scripts = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"heelstrike"}
    assert "heelstrike = heelstrike.cli:app" in scripts
    required = [
        line.split()[1] for line in metadata.splitlines() if line.startswith("Requires-Dist") and ";" not in line
    ]
    names = {name.split("<")[0].split(">")[0] for name in required}
    assert names == {
        *("numpy", "opencv-python-headless", "av", "onnxruntime", "pydantic"),
        *("jaxtyping", "requests", "typer", "rich"),
    }


def use(environment: Path, clinic: Path) -> None:
    """Pull, verify, predict a video and a scan, as a program of the clinic's does."""
    command = [str(python_of(environment)), "-c", USE]
    done = subprocess.run(command, cwd=clinic, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert Path(said["file"]).is_relative_to(environment)
    assert (said["light"], said["heavy"]) == ([], [])
    assert said["reference"] == "rearfoot/1"
    assert [bool(values) for values in said["frames"]] == [True, True, False, True, True]
    assert said["measured"] == 4
    millimetres, values = said["scan"]
    assert millimetres == pytest.approx(0.2)
    assert values == pytest.approx(said["frames"][0], abs=0.01)
    assert said["written"] == ["walk.mp4.json", "walk.mp4.csv", "walk.mp4.steps.csv", "walk.mp4.overlay.mp4"]


def test_from_a_server_to_a_measurement(installed: Path, clinic: Path) -> None:
    use(installed, clinic)


def test_the_command_in_an_empty_folder(installed: Path, clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (clinic / "walk.mp4").rename(tmp_path / "empty" / "walk.mp4")
    cv2.imwrite(str(tmp_path / "empty" / "foot.png"), np.full((120, 160, 3), 150, np.uint8))

    def heelstrike(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(python_of(installed).parent / "heelstrike"), *arguments]
        return subprocess.run(
            command, cwd=tmp_path / "empty", env=surroundings(), capture_output=True, text=True, check=False
        )

    done = heelstrike("predict", "walk.mp4")
    assert done.returncode == 0, done.stderr
    assert "walk.mp4: 4 of 5 frames measured; median left 3.8°, right 3.8° (not measured: no_legs in 1)" in done.stdout
    assert (tmp_path / "empty" / "walk.mp4.json").is_file()
    assert "foot.png: left 3.8°, right 3.8°" in heelstrike("predict", "foot.png").stdout
    assert "rearfoot  challenger = 1, champion = 1  (versions 1)" in heelstrike("models").stdout
    assert "cached    rearfoot/1 of " in heelstrike().stdout
    doctor = heelstrike("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "answers; champions: rearfoot/1" in doctor.stdout
    hint = heelstrike("retrain", "rearfoot")
    assert hint.returncode == 2
    assert "`retrain`: this command needs a checkout" in hint.stderr


def test_a_database_says_that_it_needs_mlflow(installed: Path, world: World) -> None:
    world.candidate(1)
    command = [str(python_of(installed)), "-m", "heelstrike", "models"]
    done = subprocess.run(command, cwd=world.root, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "mlflow is not installed here; set MLFLOW_TRACKING_URI to the address of an MLflow server" in done.stderr


@pytest.mark.slow
def test_with_the_oldest_packages_that_are_allowed(wheel: Path, clinic: Path, tmp_path: Path) -> None:
    """The lower ends of the ranges in pyproject.toml; needs the package index."""
    use(environment(wheel, tmp_path / "oldest", "--resolution", "lowest-direct"), clinic)
