import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.errors import UserError
from pipeline.annotations import (
    FIXED_COLUMNS,
    in_order,
    keypoints_of,
    read_table,
    slice_columns,
    with_keypoints,
    write_table,
)

KEYPOINTS = ("a", "b", "c")


def table(rows: int) -> pd.DataFrame:
    texts = {c: [f"{c}{i}" for i in range(rows)] for c, t in FIXED_COLUMNS.items() if t == "str"}
    numbers = {c: np.arange(rows, dtype=t) for c, t in FIXED_COLUMNS.items() if t != "str"}
    return pd.DataFrame(texts | numbers | {"slice_tone": ["VI"] * rows})


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_round_trip_through_parquet(tmp_path_factory, rows, seed):
    rng = np.random.default_rng(seed)
    visibility = rng.integers(0, 3, (rows, 3))
    xy = np.where(visibility[..., None] == 0, np.nan, rng.normal(200, 100, (rows, 3, 2)))
    path = tmp_path_factory.mktemp("t") / "annotations.parquet"
    write_table(with_keypoints(table(rows), KEYPOINTS, xy, visibility), path, KEYPOINTS)
    back = read_table(path, KEYPOINTS)
    read_xy, read_visibility = keypoints_of(back, KEYPOINTS)
    np.testing.assert_array_equal(read_xy, xy)
    np.testing.assert_array_equal(read_visibility, visibility)
    assert slice_columns(back) == ["slice_tone"]
    first = path.read_bytes()
    write_table(back, path, KEYPOINTS)
    assert path.read_bytes() == first


def test_a_table_without_a_column_is_neither_written_nor_read(tmp_path):
    full = with_keypoints(table(2), KEYPOINTS, np.zeros((2, 3, 2)), np.full((2, 3), 2))
    with pytest.raises(UserError, match=r"lacks the columns \['phash'\]"):
        write_table(full.drop(columns="phash"), tmp_path / "t.parquet", KEYPOINTS)
    write_table(full, tmp_path / "t.parquet", KEYPOINTS)
    with pytest.raises(UserError, match=r"lacks the columns \['d_x', 'd_y', 'd_v'\].*collect stage again"):
        read_table(tmp_path / "t.parquet", (*KEYPOINTS, "d"))


def test_a_file_that_is_no_table(tmp_path):
    with pytest.raises(UserError, match="no annotation table there; run the collect stage"):
        read_table(tmp_path / "t.parquet", KEYPOINTS)
    (tmp_path / "t.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="not a readable parquet file"):
        read_table(tmp_path / "t.parquet", KEYPOINTS)


@settings(max_examples=30, derandomize=True)
@given(rows=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), unique=True))
def test_rows_are_put_in_order_and_left_alone_if_they_are(rows: list[tuple[str, int]]) -> None:
    table = pd.DataFrame(rows, columns=["image", "instance"]).astype({"image": "str", "instance": "int64"})
    ordered = in_order(table)
    assert list(ordered.itertuples(index=False, name=None)) == sorted(rows)
    assert ordered.index.tolist() == list(range(len(rows)))
    assert in_order(ordered) is ordered
