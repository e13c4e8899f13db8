from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.annotations import read_table
from pipeline.collect.stage import run
from pipeline.errors import UserError


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def table_of(layout) -> pd.DataFrame:
    return read_table(layout.out("collect") / "annotations.parquet", ("left", "right"))


def test_labels_and_frames_belong_together(batch, layout, make_params, videos):
    run(make_params(), layout)
    table = table_of(layout)
    assert len(table) == 10
    for row in table.itertuples():
        image = np.asarray(Image.open(layout.out("collect") / row.image))
        assert videos.number_of(image) == row.frame == row.left_x - 10
        assert (row.height, row.width) == image.shape[:2]
        assert row.time_s == pytest.approx(row.frame / 25)
    assert set(table["subject"]) == {"A", "B"}
    assert set(table["slice_tone"]) == {"III"}
    assert table["video"].unique().tolist() == ["first/turn.avi", "first/walk.mp4"]
    assert table["source"].iloc[0] == "first/labels.csv:7"


def test_a_second_run_gives_the_same_bytes_without_decoding(batch, layout, make_params):
    run(make_params(), layout)
    first = contents(layout.out("collect"))
    inodes = {p.name: p.stat().st_ino for p in layout.work("collect", "frames").rglob("*.png")}
    run(make_params(), layout)
    assert contents(layout.out("collect")) == first
    assert {p.name: p.stat().st_ino for p in layout.work("collect", "frames").rglob("*.png")} == inodes


def test_no_labels_at_all(layout, make_params):
    with pytest.raises(UserError, match="no labels found for any source"):
        run(make_params(), layout)
