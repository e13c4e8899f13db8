"""Batches below data/raw: only those that DVC knows are read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from pipeline.collect import stage
from pipeline.layout import Layout
from pipeline.params import ProblemParams


def collected(layout: Layout) -> tuple[int, list[str]]:
    """The number of labelled instances, and the notes."""
    summary = json.loads((layout.out("collect") / "summary.json").read_text())
    return summary["instances"], summary["notes"]


def test_a_batch_without_a_pointer_is_named_and_not_read(
    batch: Path, layout: Layout, make_params: Callable[..., ProblemParams]
) -> None:
    half_made = batch.rename(layout.raw / "0001-0123456789")
    with pytest.raises(UserError, match=r"(?s)no labels found .*the batch 0001-0123456789 is not versioned"):
        stage.run(make_params(), layout)
    pointer = layout.raw / f"{half_made.name}.dvc"
    pointer.write_text("outs:")
    stage.run(make_params(), layout)
    assert collected(layout) == (10, [])
    (layout.raw / "0002-0123456789").mkdir()
    (layout.raw / "0002-0123456789" / "labels.csv").write_text("not even a table")
    stage.run(make_params(), layout)
    count, (note,) = collected(layout)
    assert count == 10
    assert note.startswith("the batch 0002-0123456789 is not versioned and not read: an ingest was interrupted")


def test_a_folder_that_is_no_batch_is_read(
    batch: Path, layout: Layout, make_params: Callable[..., ProblemParams]
) -> None:
    stage.run(make_params(), layout)
    assert collected(layout) == (10, [])
