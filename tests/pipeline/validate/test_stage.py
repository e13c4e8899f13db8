"""The stage on a collected folder: reports, severities, equal bytes, and how long a large table takes."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from heelstrike.errors import UserError
from pipeline.annotations import read_table, write_table
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.validate.stage import run
from pipeline.validate.suite import make_suite, run_suite

ROOT = Path(__file__).resolve().parents[3]
TABLE = Path("data/rearfoot/collect/annotations.parquet")
REPORTS = Path("reports/rearfoot/validate")


def params(*expectations: dict[str, Any]) -> ProblemParams:
    data = yaml.safe_load((ROOT / "params.yaml").read_text())
    if expectations:
        data["rearfoot"]["validate"] = {"expectations": list(expectations)}
    return parse_params(data)["rearfoot"]


def change(root: Path, row: int, column: str, value: Any) -> None:
    keypoints = params().problem.keypoints
    table = read_table(root / TABLE, keypoints)
    table.loc[row, column] = value
    write_table(table, root / TABLE, keypoints)


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_clean_labels_pass_the_rear_foot_suite(collected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(params(), Layout(collected, "rearfoot"))
    assert "60 labels, 0 errors, 0 warnings" in capsys.readouterr().out
    result = json.loads((collected / REPORTS / "result.json").read_text())
    assert (result["success"], result["rows"], result["subjects"], result["errors"]) == (True, 60, 3, 0)
    assert [e["name"] for e in result["expectations"]] == [e.name for e in params().validation.expectations]
    assert set(hashes(collected / REPORTS)) == {
        "result.json",
        "worklist.csv",
        "data_docs/index.html",
        "data_docs/suite.html",
    }


def test_an_error_stops_with_a_message_and_leaves_the_reports(collected: Path) -> None:
    change(collected, 4, "left_heel_y", 500.0)
    (collected / "data/rearfoot/collect/images/p1/0003.png").unlink()
    with pytest.raises(UserError) as error:
        run(params(), Layout(collected, "rearfoot"))
    lines = str(error.value).splitlines()
    assert lines[0] == "3 errors in 60 labels"
    assert lines[1:4] == ["  keypoints_in_image: 1", "  keypoints_in_box: 1", "  images_readable: 1"]
    assert lines[4] == (
        "images/p0/0004.png (labels.csv:6), left_heel: keypoints_in_image: found "
        f"({read_table(collected / TABLE, params().problem.keypoints).loc[4, 'left_heel_x']:.1f}, 500.0); expected "
        "x in 0..639, y in 0..479; correct the point, or leave it unlabelled if it is not in the picture"
    )
    assert "images/p1/0003.png (labels.csv:25): images_readable: found no readable image" in lines[6]
    assert lines[-1].startswith("all errors and warnings are in reports/rearfoot/validate/worklist.csv")
    assert not json.loads((collected / REPORTS / "result.json").read_text())["success"]
    assert "no readable image" in (collected / REPORTS / "data_docs/index.html").read_text()


def test_warnings_are_listed_for_a_labeller_and_do_not_stop(collected: Path) -> None:
    change(collected, 33, "left_ankle_y", 20.0)
    run(params({"name": "no_jumps", "severity": "warning"}), Layout(collected, "rearfoot"))
    work = pd.read_csv(collected / REPORTS / "worklist.csv")
    assert len(work) == 1
    item = work.iloc[0]
    assert (item["severity"], item["expectation"], item["keypoint"]) == ("warning", "no_jumps", "left_ankle")
    assert (item["image"], item["source"], item["subject"]) == ("images/p1/0013.png", "labels.csv:35", "p1")
    assert (item["video"], item["frame"]) == ("p1.mp4", 39)
    result = json.loads((collected / REPORTS / "result.json").read_text())
    assert (result["success"], result["warnings"]) == (True, 1)


def test_a_finding_about_no_single_image_has_no_image(collected: Path) -> None:
    keypoints = params().problem.keypoints
    table = read_table(collected / TABLE, keypoints)
    table[["left_heel_x", "left_heel_y", "left_heel_v"]] = [np.nan, np.nan, 0]
    write_table(table, collected / TABLE, keypoints)
    with pytest.raises(UserError, match="left_heel: keypoints_labelled: found labelled in 0 of 60 images"):
        run(params({"name": "keypoints_labelled"}), Layout(collected, "rearfoot"))
    work = pd.read_csv(collected / REPORTS / "worklist.csv")
    assert work.loc[0, ["image", "source", "frame"]].isna().all()


def test_the_same_labels_give_the_same_bytes(collected: Path) -> None:
    """Also in another process with another hash seed, since DVC compares the folder's hash."""
    (collected / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    change(collected, 33, "left_ankle_y", 20.0)
    with pytest.raises(UserError):
        run(params(), Layout(collected, "rearfoot"))
    here = hashes(collected / REPORTS)
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipeline", "validate", "rearfoot"]
    done = subprocess.run(command, cwd=collected, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "\nvalidate@rearfoot: 2 errors in 60 labels" in done.stderr
    assert "Traceback" not in done.stderr
    assert hashes(collected / REPORTS) == here


def test_still_images_have_no_frame(collected: Path) -> None:
    change(collected, 33, "left_ankle_x", 700.0)
    change(collected, 33, "frame", -1)
    with pytest.raises(UserError):
        run(params({"name": "keypoints_in_image"}), Layout(collected, "rearfoot"))
    assert pd.read_csv(collected / REPORTS / "worklist.csv")["frame"].isna().all()


def test_data_docs_load_nothing(collected: Path) -> None:
    change(collected, 4, "source", "<script>alert(1)</script>")
    change(collected, 4, "image", "images/<b>.png")
    with pytest.raises(UserError):
        run(params(), Layout(collected, "rearfoot"))
    for name in ("index.html", "suite.html"):
        page = (collected / REPORTS / "data_docs" / name).read_text()
        assert not re.findall(r"https?://|//[a-z]+\.|<script|@import|url\(", page)
        for link in re.findall(r'(?:href|src)="([^"]*)"', page):
            assert link.startswith(("#", "data:")) or (collected / REPORTS / "data_docs" / link).is_file(), link
    assert "images/&lt;b&gt;.png" in (collected / REPORTS / "data_docs" / "index.html").read_text()


def test_a_png_cut_short_is_not_readable(collected: Path) -> None:
    path = collected / "data/rearfoot/collect/images/p0/0001.png"
    path.write_bytes(path.read_bytes()[:-20])
    (collected / "data/rearfoot/collect/images/p0/0002.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"images_readable: 2"):
        run(params({"name": "images_readable"}), Layout(collected, "rearfoot"))


@pytest.mark.parametrize("rows", [0])
def test_an_empty_table_is_an_error(collected: Path, rows: int) -> None:
    keypoints = params().problem.keypoints
    write_table(read_table(collected / TABLE, keypoints).iloc[:rows], collected / TABLE, keypoints)
    with pytest.raises(UserError, match="has no labels"):
        run(params(), Layout(collected, "rearfoot"))


def test_an_empty_suite_checks_nothing(collected: Path) -> None:
    data = yaml.safe_load((ROOT / "params.yaml").read_text())
    data["rearfoot"]["validate"] = {"expectations": []}
    run(parse_params(data)["rearfoot"], Layout(collected, "rearfoot"))
    assert json.loads((collected / REPORTS / "result.json").read_text())["expectations"] == []


def test_a_bug_in_an_expectation_is_no_finding(walk: Callable[..., pd.DataFrame], monkeypatch: Any) -> None:
    from pipeline.validate.expectations.inside import KeypointsInImage

    def broken(self: Any, labels: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(KeypointsInImage, "find", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        suite = make_suite(params({"name": "keypoints_in_image"}).validation.expectations, params().problem, "x")
        run_suite(suite, walk())


def test_a_large_table_with_many_findings(
    walk: Callable[..., pd.DataFrame], record_property: Callable[[str, object], None]
) -> None:
    """100,000 rows, one in a hundred with a heel far away; the time is recorded, not asserted."""
    table = walk(subjects=1000, frames=100)
    table.loc[::100, "left_heel_y"] = 470.0
    names = ("images_readable", "keypoints_in_image", "keypoints_in_box", "segment_lengths", "no_jumps")
    suite = make_suite(params(*({"name": name} for name in names)).validation.expectations, params().problem, "large")
    start = time.perf_counter()
    result = run_suite(suite, table)
    record_property("seconds", round(time.perf_counter() - start, 2))
    counts = {r.expectation_config.type: r.result["unexpected_count"] for r in result.results if r.expectation_config}
    assert counts["expect_keypoints_in_image"] == 0
    assert counts["expect_keypoints_in_box"] == 1000
    assert counts["expect_segment_lengths"] == 1000


def test_a_portrait_photograph_has_the_size_that_is_displayed(collected: Path) -> None:
    """Phones store it lying on its side and say so: `collect` and this stage turn it alike."""
    layout, problem = Layout(collected, "rearfoot"), params().problem
    table = read_table(collected / TABLE, problem.keypoints)
    width, height = table.loc[0, ["width", "height"]]
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (height, width)).save(layout.out("collect") / table.loc[0, "image"], exif=exif)
    run(params(), layout)
    assert json.loads((collected / REPORTS / "result.json").read_text())["errors"] == 0
