"""The display of stages that run."""

import io

import pytest
from rich.console import Console

from flows.display import StageDisplay
from flows.grid_display import print_costs
from heelstrike.progress import Event
from pipeline.grid.cost import Cost


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


def lines_of(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_stage_that_failed_is_marked_and_what_is_said_stands_above() -> None:
    console = Console(width=80, file=io.StringIO())
    with pytest.raises(KeyboardInterrupt), StageDisplay(console) as display:
        display.start("collect")
        display.finish("collect")
        display.start("train")
        display.say("fetched the weights of [hand]/3")
        raise KeyboardInterrupt
    line, collect, train = lines_of(console)
    assert line == "fetched the weights of [hand]/3"
    assert collect.startswith("✓ collect")
    assert "✗ train" in train


def test_costs_are_a_table_that_80_columns_hold() -> None:
    console = Console(width=80, file=io.StringIO())
    costs = [
        Cost("spatial 48×32", ["a", "same"], 12_345, 6_700_000, 1.26, 0.84, 512.04),
        Cost("keypoint_rcnn 48×32", ["b"], 41_000_000, 95_000_000_000, 310.0, float("nan"), 3.1, "cannot be exported"),
    ]
    print_costs(costs, console)
    head, first, second = lines_of(console)
    assert head.split() == ["network", "parameters", "GFLOPs", "torch", "ms", "ONNX", "ms", "images/s", "rows"]
    assert first.split() == ["spatial", "48×32", "0.01", "M", "0.01", "1.3", "0.8", "512.0", "a,", "same"]
    assert second.split() == ["keypoint_rcnn", "48×32", "41.00", "M", "95.00", "310.0", "–", "3.1", "b"]
