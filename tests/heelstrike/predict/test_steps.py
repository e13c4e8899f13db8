"""Steps as CSV, as lines for the terminal, and through `predict`."""

import csv
import io
import json

import numpy as np
import pytest

from heelstrike.measure.steps.analyse import analyse
from heelstrike.measure.steps.results import Steps
from heelstrike.predict.describe import describe
from heelstrike.predict.ownership import is_result
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.steps import described, write_steps
from heelstrike.results import PredictionResult, read_result
from tests.gaits import walk
from tests.heelstrike.predict.conftest import MODEL


def test_csv_has_a_row_for_each_whole_stance() -> None:
    steps, stream = analyse(walk().track), io.StringIO()
    write_steps(stream, steps)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert len(rows) == len(steps.steps) >= 8
    assert list(rows[0])[:5] == ["leg", "step", "strike_s", "toe_off_s", "strike_deg"]
    assert [row["step"] for row in rows if row["leg"] == "left"] == [str(n) for n in range(1, len(rows) // 2 + 1)]
    assert float(rows[0]["mid_stance_deg"]) == pytest.approx(3 if rows[0]["leg"] == "right" else 6, abs=0.05)
    assert rows[0]["mid_stance_deg_half_width"] == ""
    assert float(rows[0]["deg_at_0"]) < float(rows[0]["deg_at_50"])
    assert len([name for name in rows[0] if name.startswith("deg_at_")]) == 101


def test_lines_for_the_terminal() -> None:
    lines = list(described(analyse(walk().track)))
    assert lines[0] == "walks away, 109 steps a minute"
    assert lines[1].startswith("left 5 steps: mid-stance 6.0 ± 0.0°, range ")
    assert lines[3] == "left minus right: mid-stance 3.0 ± 0.0°"
    assert list(described(Steps("standing", "the patient stands"))) == ["no steps: the patient stands"]
    one = list(described(analyse(walk(seconds=2.2).track)))
    assert any("1 step: mid-stance" in line and "±" not in line for line in one)


def test_a_video_gets_a_csv_of_its_steps_and_says_why_there_are_none(package, walk, tmp_path) -> None:
    for _ in range(2):  # the second run writes over the first one's results
        report = predict_path(walk, package, MODEL, tmp_path)
    (done,) = report.done
    assert done.files[2].name == "walk.mp4.steps.csv" and is_result(done.files[2])
    assert len(done.files[2].read_text().splitlines()) == 1
    result = read_result(tmp_path / "walk.mp4.json")
    assert isinstance(result, PredictionResult) and result.steps is not None
    assert done.steps is not None
    assert result.steps.reason == done.steps.reason == "standing"
    assert any("no steps: the patient stands" in str(line) for line in describe(report))


def test_an_image_has_no_steps(package, tmp_path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "foot.png"), np.full((60, 80, 3), 150, np.uint8))
    predict_path(tmp_path / "foot.png", package, MODEL, tmp_path)
    assert json.loads((tmp_path / "foot.png.json").read_text())["steps"] is None
    assert not list(tmp_path.glob("*.csv"))


def test_a_csv_of_somebody_else_is_not_written_over(package, walk, tmp_path) -> None:
    (tmp_path / "walk.mp4.steps.csv").write_text("leg,step\nleft,1\n")
    with pytest.raises(Exception, match=r"walk\.mp4\.steps\.csv is not a result of Heelstrike"):
        predict_path(walk, package, MODEL, tmp_path)
    assert (tmp_path / "walk.mp4.steps.csv").read_text() == "leg,step\nleft,1\n"
