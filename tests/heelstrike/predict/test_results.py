"""The writer of result files on its own."""

import csv
import io
import json

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measurement
from heelstrike.measure.build import build_measure
from heelstrike.measure.settings import FootprintSettings
from heelstrike.package.manifest import Category
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.results import ModelReference, ResultWriter

TOES = tuple(f"toe{n}" for n in range(1, 6))


def test_what_is_read_off_the_image_itself_is_summed_up_beside_the_quantities(package: Package) -> None:
    settings = FootprintSettings(name="footprint", toes=TOES, ball_medial="medial", ball_lateral="lateral", heel="heel")
    measure = build_measure(settings, (*TOES, "medial", "lateral", "heel"), 0.5)
    measurement = Measurement(
        "footprint", "mm", values={"foot_length": 251.0, "arch_index": 0.23}, units={"arch_index": "ratio"}
    )
    stream, source = io.StringIO(), Source("print.png", "image", 160, 120, None, 0.3)
    with ResultWriter(
        stream, None, source, ModelReference("footprint@champion", "1"), package.manifest, measure, "0"
    ) as writer:
        prediction = package.predict(np.full((120, 160, 3), 150, np.uint8))
        writer.add(FrameResult(0, None, prediction, measurement, None, ()))
    summary = json.loads(stream.getvalue())["summary"]
    assert set(summary["values"]) == {"foot_length", "arch_index"}
    assert (summary["units"]["foot_length"], summary["units"]["arch_index"]) == ("mm", "ratio")


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_the_csv_is_a_formula_to_a_spreadsheet(package: Package, text: str) -> None:
    """Names of classes and keypoints come from whoever made the package, messages quote them."""
    category = Category(name="legs", keypoints=(text, "b", "c", "d", "e", "f"), classes=(text, "other"))
    heads = package.manifest.heads | {"class": ("probabilities",)}
    manifest = package.manifest.model_copy(update={"category": category, "heads": heads, "max_radius_px": 1.0})
    prediction = Prediction(probabilities=np.array([0.9, 0.1], np.float32))
    measurement = Measurement("m", "deg", reason=text, message=text, warnings=(text,))
    stream, table, source = io.StringIO(), io.StringIO(newline=""), Source("walk.mp4", "video", 160, 120, 25.0)
    with ResultWriter(stream, table, source, ModelReference("x"), manifest, None, "0") as writer:
        writer.add(FrameResult(0, 0.0, prediction, measurement, False, (text,)))
    header, row = csv.reader(io.StringIO(table.getvalue(), newline=""))
    assert not [cell for cell in (*header, *row) if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    cells = dict(zip(header, row, strict=True))
    assert [cells[name] for name in ("reason", "message", "warnings", "doubts", "class")] == [f"'{text.strip()}"] * 5
    assert json.loads(stream.getvalue())["frames"][0]["class"]["name"] == text


def test_negative_numbers_stay_numbers(package: Package) -> None:
    table, source = io.StringIO(), Source("walk.mp4", "video", 160, 120, 25.0)
    points = np.full((6, 2), -3.25, np.float32)
    with ResultWriter(io.StringIO(), table, source, ModelReference("x"), package.manifest, None, "0") as writer:
        prediction = Prediction(keypoints=points, confidence=np.ones(6, np.float32))
        writer.add(FrameResult(0, 0.0, prediction, None, None, ()))
    assert table.getvalue().splitlines()[1].count("-3.25") == 12
    assert "'" not in table.getvalue()
