"""What the terminal says of predictions."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from flows.run import run_predict
from heelstrike.predict.predictor import About
from tests.packages import make_package


@pytest.mark.parametrize(("limit", "said"), [(5.0, True), (None, False)])
def test_the_terminal_says_what_is_not_reliable(tmp_path: Path, limit: float | None, said: bool) -> None:
    make_package(tmp_path / "package", max_radius_px=limit)  # without radii: anything may be too far off
    cv2.imwrite(str(tmp_path / "foot.png"), np.full((120, 160, 3), 150, np.uint8))
    console = Console(file=io.StringIO(), width=500)
    arguments = (tmp_path / "foot.png", str(tmp_path / "package"), tmp_path / "out", tmp_path, console)
    assert not run_predict(*arguments, overlay=False, offline=True, about=About())
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert (f"not reliable {tmp_path / 'foot.png'}: see `doubts` in its JSON" in told) == said
