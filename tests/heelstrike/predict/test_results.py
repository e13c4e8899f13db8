"""The writer of result files on its own."""

import io
import json

import numpy as np

from heelstrike.measure.base import Measurement
from heelstrike.measure.build import build_measure
from heelstrike.measure.settings import FootprintSettings
from heelstrike.package.runtime import Package
from heelstrike.predict.results import Model, ResultWriter, Source

TOES = tuple(f"toe{n}" for n in range(1, 6))


def test_what_is_read_off_the_image_itself_is_summed_up_beside_the_quantities(package: Package) -> None:
    settings = FootprintSettings(name="footprint", toes=TOES, ball_medial="medial", ball_lateral="lateral", heel="heel")
    measure = build_measure(settings, (*TOES, "medial", "lateral", "heel"), 0.5)
    found = Measurement(
        "footprint", "mm", values={"foot_length": 251.0, "arch_index": 0.23}, units={"arch_index": "ratio"}
    )
    stream, source = io.StringIO(), Source("print.png", "image", 160, 120, None, 0.3)
    with ResultWriter(stream, None, source, Model("footprint@champion", "1"), package.manifest, measure, "0") as writer:
        writer.add(0, None, package.predict(np.full((120, 160, 3), 150, np.uint8)), found)
    summary = json.loads(stream.getvalue())["summary"]
    assert set(summary["values"]) == {"foot_length", "arch_index"}
    assert (summary["units"]["foot_length"], summary["units"]["arch_index"]) == ("mm", "ratio")
