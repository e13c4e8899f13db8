"""A consumer's environment: the wheel, built from this checkout, in a fresh virtual environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_UV = [sys.executable, "-m", "uv"]


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of what it is made of, so that nothing is left in the checkout."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("heelstrike", "pipeline", "flows"):  # the last two must not get in
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [*_UV, "build", "--wheel", "--offline", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", str(folder), str(source)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(
    wheel: Path, folder: Path, *, extras: str = "", options: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Install the wheel with some extras (`[scans]`) into a new environment in `folder`.

    Returns:
        The installation; it fails where the package index is needed and cannot be reached.
    """
    subprocess.run([*_UV, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    command = [*_UV, "pip", "install", "--quiet", "--python", str(python_of(folder)), *options, f"{wheel}{extras}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def python_of(environment: Path) -> Path:
    """The environment's interpreter."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def surroundings(**more: str) -> dict[str, str]:
    """This process's variables without those that would let another environment's packages in."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return inherited | more
