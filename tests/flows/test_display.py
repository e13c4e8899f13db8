"""What a person sees of stages that run."""

import io

import pytest
from rich.console import Console

from flows.display import StageDisplay
from heelstrike.progress import Event


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_narrow_terminal_keeps_names_and_cuts_notes(width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    long = Event(
        done=3, total=3, label="train cephalometric", fields={"loss": 0.6555, "val_rmse_px": 2.761}, seconds=1.0
    )
    with StageDisplay(console) as display:
        for stage in ("collect", "train", "evaluate"):
            display.start(stage)
            display.event(stage, long)
            display.finish(stage, "unchanged" if stage == "collect" else "")
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["collect", "train", "evaluate"]
    assert all(len(line) <= width and "3/3" in line for line in lines)
    assert "unchanged" in lines[0]
    assert "train c" in lines[1]
