"""Names of files that a terminal, a JSON or a table would take for something else: predict prints and stores them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.text import plain, printable, storable
from tests.packages import make_package

ROOT = Path(__file__).resolve().parents[2]

NAMES = {
    b"walk [left].png": "walk [left].png",
    b"b] [bold] [red].png": "b] [bold] [red].png",
    b"back\\[slash\\.png": "back\\[slash\\.png",
    b"two\nlines.png": "two\\nlines.png",
    b"tab\tand\rreturn.png": "tab\\tand\\rreturn.png",
    b"\x1b[31mred\x1b[2J.png": "\\x1b[31mred\\x1b[2J.png",
    b"caf\xe9.png": "caf\\xe9.png",
    "gnp.\u202egnissiM.png".encode(): "gnp.\\u202egnissiM.png",
    "\u2028line.png".encode(): "\\u2028line.png",
    b"-rf.png": "-rf.png",
    b" spaces . .png": " spaces . .png",
    "\U0001f463 \u00fc\u0308 \u8db3.png".encode(): "\U0001f463 \u00fc\u0308 \u8db3.png",
    b":boom: :cat:.png": ":boom: :cat:.png",
    b"100% {name} $HOME `ls`.png": "100% {name} $HOME `ls`.png",
    b"=1+1.png": "=1+1.png",
}
"""Bytes of the name, and the text that is printed."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder in a folder of a hostile name, and one run of the command over it: folder, process."""
    top = tmp_path_factory.mktemp("names")
    make_package(top / "package")
    folder = top / "a["
    folder.mkdir()
    ok, data = cv2.imencode(".png", np.full((60, 80, 3), 150, np.uint8))
    assert ok
    for name in NAMES:
        (folder / os.fsdecode(name)).write_bytes(data.tobytes())
    (folder / "bad [x] one.png").write_bytes(b"no image")
    command = [sys.executable, "-m", "heelstrike", "predict", str(folder), "--package", str(top / "package")]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "utf-8"})
    return folder, done


def test_every_name_is_printed_as_it_is_on_one_line_and_no_traceback(run):
    _, done = run
    assert done.returncode == 1, done.stderr.decode()
    assert b"Traceback" not in done.stderr and b"\x1b" not in done.stdout and b"\r" not in done.stdout
    lines = done.stdout.decode().splitlines()
    for name in NAMES.values():
        assert f"{name}: left 3.8°, right 3.8°" in lines
        assert any(line.endswith(f"/a[/{name}.json") and line.startswith("  ✓ /") for line in lines), name
    assert any(line.startswith("failed /") and "/a[/bad [x] one.png: " in line for line in lines)
    assert lines[-1] == f"{len(NAMES)} predicted, 1 failed"


def test_the_result_of_every_name_is_valid_json_with_a_valid_name(run):
    folder, _ = run
    for name in NAMES:
        content = (folder / os.fsdecode(name + b".json")).read_bytes().decode("utf-8")
        stored = json.loads(content)["source"]["file"]
        assert stored == storable(os.fsdecode(name)) and stored.encode("utf-8")


def test_a_terminal_of_another_encoding_gets_escapes_instead_of_an_error(run):
    folder, _ = run
    package = folder.parent / "package"
    command = [sys.executable, "-m", "heelstrike", "predict", str(folder), "--package", str(package)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1 and b"Traceback" not in done.stderr, done.stderr.decode()


def test_texts():
    assert printable("a\nb\x9b\ud800\udce9") == "a\\nb\\x9b\\ud800\\xe9"
    assert storable("a\nb\udce9") == "a\nb\\xe9"
    assert plain("[bold]x[/] \n").plain == "[bold]x[/] \\n"
