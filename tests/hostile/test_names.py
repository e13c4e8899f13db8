"""Hostile names of files: each is measured and labelled as it is or refused, and printed without harm."""

import json
import os
import re
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from heelstrike import terminal
from heelstrike.cli import app
from heelstrike.errors import UserError
from pipeline.collect.check import check_inbox
from tests.hostile.checks import check_message, difference, snapshot
from tests.hostile.test_labels import params
from tests.packages import make_package

pytestmark = pytest.mark.timeout(30)

NAMES = {
    "brackets": "walk [left].png",
    "Rich markup": "a[/b].png",
    "Rich markup of a colour": "[red]a[/red].png",
    "a link's markup": "[link=x]a[/link].png",
    "an emoji's code": ":smile:.png",
    "blanks": "  a  b .png",
    "composed Unicode": unicodedata.normalize("NFC", "Füße.png"),
    "decomposed Unicode": unicodedata.normalize("NFD", "Füße.png"),
    "right to left": "قدم.png",
    "a turn of the text's direction": "a\u202egnp.png",
    "an emoji": "👣.png",
    "a line break": "a\nb.png",
    "a carriage return": "a\rb.png",
    "an escape of the terminal": "a\x1b[31mb.png",
    "a bell": "a\x07b.png",
    "a leading dash": "-rf.png",
    "a leading equals sign": "=1+9.png",
    "a quote": "a\"b'c.png",
    "a backslash": "a\\b.png",
    "a percent sign": "100%25.png",
    "a comma and a semicolon": "a,b;c.png",
    "a star": "*.png",
    "a dollar": "$(touch x).png",
    "255 bytes": "a" * 251 + ".png",
    "bytes that are no UTF-8": os.fsdecode(b"\xff\xfe.png"),
    "two suffixes": "a.png.json.png",
    "the name of a result": "a.overlay.png",
}


def _picture(path: Path) -> None:
    ok, data = cv2.imencode(".png", np.full((64, 96, 3), 200, np.uint8))
    assert ok
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names") / "package"
    make_package(folder)
    return folder


@pytest.mark.parametrize("hostile", NAMES)
def test_predict(hostile: str, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = NAMES[hostile]
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    _picture(folder / name)
    before = snapshot(folder)
    for console in (terminal.console, terminal.problems):
        monkeypatch.setattr(console, "width", 300)
    done = CliRunner().invoke(app, ["predict", str(folder), "--package", str(package), "--out", str(out)])
    assert isinstance(done.exception, SystemExit | None), f"traceback: {done.exception!r}"
    assert done.exit_code in (0, 1)
    check_message(done.output)
    assert not difference(before, snapshot(folder))
    written = sorted(path for path in out.rglob("*") if path.is_file())
    assert not [path.name for path in written if path.name.endswith(".aside")], "a half-written file is left"
    if done.exit_code:
        assert not written
        assert _plain(name)[:20] in done.output.replace("\n", ""), f"{name!r} is not named: {done.output}"
        return
    assert written == [out / f"{name}.json"]
    result = json.loads(written[0].read_text(encoding="utf-8"))
    if name.isprintable():  # other characters may be written in another way
        assert result["source"]["file"] == written[0].stem
    assert _plain(name) in done.output.replace("\n", ""), f"{name!r} is printed otherwise: {done.output}"


def _plain(name: str) -> str:
    """The longest part of a name that any output has to show as it is."""
    return max(re.split(r"[^\w\s\[\]/.=:-]|[\n\r]", name), key=len).strip()


@pytest.mark.parametrize("hostile", NAMES)
def test_ingest(hostile: str, tmp_path: Path) -> None:
    """Labels of a picture with the name, as COCO states it, are accepted with it or refused; never dropped unseen."""
    name = NAMES[hostile]
    _picture(tmp_path / name)
    points = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [10, 20, 2, 50, 30, 2]}
    content = {
        "images": [{"id": 1, "file_name": name, "width": 96, "height": 64}],
        "annotations": [points],
        "categories": [{"id": 1, "name": "foot", "keypoints": ["heel", "toe"]}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(content))
    problem = params({"kind": "coco", "labels": "labels.json"})
    try:
        checked = check_inbox(tmp_path, problem.collect, problem.problem)
    except UserError as error:
        check_message(str(error))
        return
    assert {*checked.accepted, *checked.rejected, *checked.waiting} == {name, "labels.json"}
    for reason in checked.rejected.values():
        check_message(reason)
    assert (name in checked.accepted) == ("labels.json" in checked.accepted)
    if "\\" not in name:  # a label file may come from Windows, where that separates folders
        assert name in checked.accepted or not name.isprintable(), checked.rejected
