"""What the terminal says of predictions."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from heelstrike.errors import UserError
from heelstrike.measure.base import Measurement
from heelstrike.package.runtime import Package
from heelstrike.predict.describe import describe, measured, scale_of, slices_of
from heelstrike.predict.exams import Examined
from heelstrike.predict.predictor import Predicted, Report, predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.predict.summary import Spread, Summary
from tests.packages import make_package


def printed(report: Report) -> str:
    console = Console(file=io.StringIO(), width=500)
    for line in describe(report):
        console.print(line, highlight=False, soft_wrap=True)
    return console.file.getvalue()  # type: ignore[attr-defined]


def rearfoot(frames: int, reasons: dict[str, int], message: str | None = None, **medians: float) -> Predicted:
    values = {name: Spread(value, value, value) for name, value in medians.items()}
    count = frames - sum(reasons.values())
    summary = Summary(frames, None, count, reasons, "deg", dict.fromkeys(("left", "right"), "deg"), values)
    return Predicted(Path("clinic/walk.mp4"), (), summary, message)


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (
            rearfoot(30, {"missing_marker": 1}, left=1.64, right=-2.23),
            "29 of 30 frames measured; median left 1.6°, right −2.2° (not measured: missing_marker in 1)",
        ),
        (rearfoot(30, {}, left=1.64), "30 of 30 frames measured; median left 1.6°"),
        (
            rearfoot(3, {"geometry": 1, "no_legs": 2}),
            "0 of 3 frames measured (not measured: geometry in 1, no_legs in 2)",
        ),
        (rearfoot(1, {}, left=-0.04), "left −0.0°"),
        (rearfoot(1, {"no_legs": 1}, "no marker was found"), "not measured: no marker was found"),
        (rearfoot(1, {"no_legs": 1}), "not measured: no_legs"),  # a video of one frame has no message
        (Predicted(Path("a.png"), (), Summary(1)), "predicted"),
        (Predicted(Path("a.mp4"), (), Summary(7)), "7 frames predicted"),
        (
            Predicted(
                Path("print.png"),
                (),
                Summary(
                    1,
                    measured=1,
                    units={"foot_length": "mm", "arch_index": "ratio"},
                    values={"foot_length": Spread(251.26, 0, 0), "arch_index": Spread(0.234, 0, 0)},
                ),
            ),
            "foot_length 251.3 mm, arch_index 0.23",
        ),
    ],
)
def test_what_was_measured_in_one_line(done: Predicted, expected: str) -> None:
    assert measured(done) == expected


def test_what_failed_and_what_was_ignored_and_exams() -> None:
    unmeasured = Measurement("scan_volume", "mm", reason="missing_plane", message="no sagittal plane [of 2]")
    report = Report(
        failed=[(Path("cut.mp4"), "truncated [/] or damaged")],
        exams=[Examined(Path("exam"), Path("exam.volume.json"), unmeasured)],
        ignored=(Path("notes.txt"), Path("a [b].pdf")),
    )
    assert printed(report).splitlines() == [
        "not measured exam.volume.json: no sagittal plane [of 2]",
        "failed cut.mp4: truncated [/] or damaged",
        "ignored, neither image nor video, or named as an overlay: notes.txt, a [b].pdf",
        "0 predicted, 1 failed",
    ]


@pytest.mark.parametrize(("limit", "doubtful"), [(5.0, True), (None, False)])
def test_files_with_brackets_and_what_is_not_reliable(tmp_path: Path, limit: float | None, doubtful: bool) -> None:
    make_package(tmp_path / "package", max_radius_px=limit)  # without radii: anything may be too far off
    picture = tmp_path / "foot [left] [red].png"
    cv2.imwrite(str(picture), np.full((120, 160, 3), 150, np.uint8))
    report = predict_path(picture, Package.load(tmp_path / "package"), ModelReference("x"), tmp_path / "out")
    first, *others = printed(report).splitlines()
    assert first == "foot [left] [red].png: left 3.8°, right 3.8°"
    assert ("  not reliable: see `doubts` in its JSON" in others) == doubtful
    assert others[-1] == f"  ✓ {tmp_path / 'out' / picture.name}.json"


def test_options() -> None:
    assert (scale_of(300, None), scale_of(None, 0.2), scale_of(None, None)) == (pytest.approx(25.4 / 300), 0.2, None)
    assert slices_of(["foot=left", "name=a=b"]) == {"foot": "left", "name": "a=b"}
    with pytest.raises(UserError, match="give only one of them"):
        scale_of(300, 0.2)
    with pytest.raises(UserError, match=r"--about: foot is given more than once \(foot=left, foot=right\)"):
        slices_of(["foot=left", "side=a", "foot=right"])
    with pytest.raises(UserError, match=r"--about left: expected NAME=VALUE, for instance foot=left"):
        slices_of(["left"])
