"""Costs of a consumer: size and installation of the wheel's environment, imports, one image from cold start.

The wheel is built and installed into a fresh virtual environment; everything is measured there, in new processes.

Examples:
    python -m benchmarks.consumer                                        # default network, fresh weights
    python -m benchmarks.consumer --package models/rearfoot/package --extras scans,cad
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from benchmarks.predict_speed import write_film, write_package
from heelstrike.video.reader import VideoReader
from pipeline.models.build import build_model
from pipeline.params import load_params
from tests.environments import ROOT, build_wheel, install, python_of, surroundings

_COLD = """
import sys
import heelstrike
model = heelstrike.load(package=sys.argv[1])
model.predict(sys.argv[2])
"""
_MIB = 1 << 20


def main() -> None:
    arguments = _arguments()
    params = load_params(arguments.params)[arguments.problem]
    extras = f"[{arguments.extras}]" if arguments.extras else ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = build_model(params.problem, params.model)
        package = arguments.package or write_package(folder / "package", network, params)
        picture = _picture(folder)
        wheel, environment = build_wheel(folder / "wheel"), folder / "environment"
        pins = ("--constraint", str(ROOT / "requirements.txt"))
        seconds = _seconds(lambda: _check(install(wheel, environment, extras=extras, options=pins)))
        bare = _size(environment)
        python = python_of(environment)
        subprocess.run([str(python), "-m", "compileall", "-q", str(environment)], check=False, capture_output=True)
        command = str(python.parent / "heelstrike")
        rows = {
            f"environment with the wheel{extras}, without bytecode": f"{bare / _MIB:.0f} MiB",
            "the same, with bytecode": f"{_size(environment) / _MIB:.0f} MiB",
            "installation (uv)": f"{seconds:.1f} s",
            "`python -c pass`": _timed(folder, arguments.rounds, str(python), "-c", "pass"),
            "`import heelstrike`": _timed(folder, arguments.rounds, str(python), "-c", "import heelstrike"),
            "`heelstrike --help`": _timed(folder, arguments.rounds, command, "--help"),
            "one 1080p image from cold start, Python": _timed(
                folder, arguments.rounds, str(python), "-c", _COLD, str(package), str(picture)
            ),
            "one 1080p image from cold start, `heelstrike predict`": _timed(
                folder, arguments.rounds, command, "predict", str(picture), "--package", str(package)
            ),
        }
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, median of {arguments.rounds}\n")
    print("| what | cost |\n| --- | --- |")
    for name, cost in rows.items():
        print(f"| {name} | {cost} |")


def _picture(folder: Path) -> Path:
    """Write one rendered frame of 1920x1080 pixels as PNG and return its path."""
    with VideoReader(write_film(folder / "walk.mp4", 1)) as video:
        frame = next(iter(video.frames()))
    path = folder / "foot.png"
    cv2.imwrite(str(path), frame.image[..., ::-1])
    return path


def _check(done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode:
        raise SystemExit(done.stderr)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _timed(folder: Path, rounds: int, *command: str) -> str:
    """Return median wall and CPU seconds of new processes. The first run fills the disk's cache and does not count."""

    def once() -> tuple[float, float]:
        before = os.times()
        seconds = _seconds(
            lambda: subprocess.run(command, cwd=folder, env=surroundings(), check=True, capture_output=True)
        )
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return seconds, used

    once()
    walls, used = zip(*(once() for _ in range(rounds)), strict=True)
    return f"{statistics.median(walls):.2f} s (CPU {statistics.median(used):.2f} s)"


def _size(folder: Path) -> int:
    """Return the bytes of all files; links are not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="params file (default: %(default)s)")
    parser.add_argument("--problem", default="rearfoot", help="section of it (default: %(default)s)")
    parser.add_argument(
        "--package",
        type=lambda text: Path(text).resolve(),
        help="a package folder; default: exported here, with fresh weights",
    )
    parser.add_argument("--extras", default="", help="extras to install, separated by commas (default: no extras)")
    parser.add_argument("--rounds", type=int, default=5, help="new processes of each kind (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
