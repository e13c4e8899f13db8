"""The page: nothing of a user's becomes markup, and what was not measured is listed."""

import re
from pathlib import Path

import pandas as pd

from heelstrike.measure.base import Measurement
from pipeline.evaluate.report import ReportContent, write_report
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.problem import Problem
from pipeline.scoring.score import Score

BOX = {"iou_loss_percent": 5.0, "ap": 0.9, "ap50": 1.0, "ap75": 0.8, "rmse_px": 2.0}
BOX |= {f"{name}_{end}": 4.0 for name in ("iou_loss_percent", "rmse_px") for end in ("low", "high")}
IMAGES = {"count": 9, "subjects": 3, "without_labelled_point": 1, "missing_points": 2, "labelled_points": 16}
SLICES = pd.DataFrame(
    {
        "slice": ["all", "clinic"],
        "value": ["all", "<script>alert(1)</script>"],
        "images": [9, 4],
        "subjects": [3, 2],
        "loss": [5.0, 6.0],
        "loss_low": [4.0, 5.0],
        "loss_high": [6.0, 7.0],
        "loss_drawn": ["clusters", "clusters"],
    }
)


def written(path: Path, measurements: list[tuple[str, Measurement]]) -> str:
    report = ReportContent(
        name="<b>feet</b>",
        problem=Problem(keypoints=("a", "b")),
        model={"name": "localization", "width": 4},
        metrics={"images": IMAGES, "box": BOX},
        scores=[Score("box/iou_loss_percent", "IoU loss", 5.0, " %", "mean over <i>boxes</i>")],
        slices=SLICES,
        measure=None,
        measurements=measurements,
        settings=EvaluateSettings(),
        figures={},
        weights="3f" * 32,
        split="7a" * 32,
    )
    write_report(report, path / "report.html")
    return (path / "report.html").read_text()


def test_names_cannot_become_markup(tmp_path: Path) -> None:
    text = written(tmp_path, [("<u>", Measurement("m", "deg", reason="no_legs", message="<s>none</s>"))])
    assert not re.search(r"<(b|i|s|u|script)>", text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "&lt;s&gt;none&lt;/s&gt;" in text


def test_a_headline_number_has_unit_and_pooling_beside_it(tmp_path: Path) -> None:
    text = written(tmp_path, [])
    cells = '<td>IoU loss</td><td class="n">5.00 %</td><td>mean over &lt;i&gt;boxes&lt;/i&gt;</td>'
    assert cells + "<td>box/iou_loss_percent</td>" in text
    assert f"About the weights {'3f' * 6} on the test split {'7a' * 6}." in text
    assert "1 of 9 images have no labelled point" in text and "2 of 18 points have no label" in text


def test_what_was_not_measured_is_counted_and_listed(tmp_path: Path) -> None:
    refused = [
        ("a.png", Measurement("m", "deg", reason="no_legs", message="no leg")),
        ("b.png", Measurement("m", "deg")),
    ]
    text = written(tmp_path, refused)
    assert '<td>no legs</td><td class="n">1</td><td class="n">50.0 %</td>' in text
    assert "<td>a.png</td><td>no leg</td>" in text and "b.png" not in text
    assert "Every exam was measured." in written(tmp_path, refused[1:])
