"""A split file is written as a stream: the bytes of the whole, and no memory that grows with it."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heelstrike.files import write_json
from pipeline.annotations import PLACEMENT_COLUMNS
from pipeline.split.coco import coco, write_coco
from pipeline.split.leaks import read_names
from tests.pipeline.split.tables import params_of, table_of

PROBLEM = params_of().problem


def numbered(subjects: dict[str, int]) -> pd.DataFrame:
    table = table_of(subjects)
    return table.assign(image_id=range(1, len(table) + 1), annotation_id=range(1, len(table) + 1))


TABLE = numbered({"a": 3, "ü": 2})


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.iloc[:0],
        pd.concat([TABLE, TABLE.assign(annotation_id=range(6, 11))]).sort_values(["image", "annotation_id"]),
        TABLE.assign(slice_light="dark", exam="first", **dict.fromkeys(PLACEMENT_COLUMNS, 1.5)),
        TABLE.assign(**dict.fromkeys(PLACEMENT_COLUMNS, np.nan), time_s=np.nan, mm_per_px=0.25),
        TABLE.assign(**{f"{name}_observers": [np.nan, 1.0, 2.0, 0.5, np.nan] for name in PROBLEM.keypoints}),
    ],
)
def test_the_bytes_are_those_of_the_whole(table: pd.DataFrame, tmp_path: Path) -> None:
    write_coco(tmp_path / "stream.json", table, PROBLEM)
    write_json(tmp_path / "whole.json", coco(table, PROBLEM))
    assert (tmp_path / "stream.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    table = numbered({"a": 2000})
    peaks = []
    for rows in (200, 2000):
        tracemalloc.start()
        write_coco(tmp_path / "stream.json", table.iloc[:rows], PROBLEM)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # a row of the table's columns, and none of the dictionaries of its image and annotation, which take 3 kB
    assert (peaks[1] - peaks[0]) / 1800 < 600


def test_the_names_of_a_file_are_those_of_the_table(tmp_path: Path) -> None:
    parts = {"train": TABLE, "test": numbered({"a": 2, "c": 2})}
    for name, table in parts.items():
        write_coco(tmp_path / f"{name}.json", table, PROBLEM)
        names = read_names(tmp_path / f"{name}.json")
        assert names.images == dict(zip(table["image"], table["subject"], strict=True))
        assert names.subjects == set(table["subject"])
