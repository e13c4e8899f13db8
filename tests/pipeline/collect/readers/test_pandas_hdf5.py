"""HDF5 label files of DeepLabCut: nothing in them is unpickled, and no other file is read."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tables

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings
from pipeline.collect.readers.deeplabcut import read
from pipeline.collect.readers.pandas_hdf5 import read_table
from pipeline.collect.settings import DeepLabCutSource
from pipeline.problem import Problem

XY = np.array([[1.5, np.nan, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])
COLUMNS = pd.MultiIndex.from_product([["me"], ["toe", "Knöchel"], ["x", "y"]], names=["scorer", "bodyparts", "coords"])
ONE_COLUMN = pd.Index([f"labeled-data/wälk/i{n}.png" for n in range(3)])
THREE_COLUMNS = pd.MultiIndex.from_tuples([("labeled-data", "wälk", f"i{n}.png") for n in range(3)])


class _Hostile:
    """A pickle that creates a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("index", [ONE_COLUMN, THREE_COLUMNS])
def test_pandas_fixed_format(tmp_path: Path, index) -> None:
    path = tmp_path / "CollectedData_me.h5"
    pd.DataFrame(XY, index=index, columns=COLUMNS).to_hdf(path, key="df_with_missing", mode="w")
    table = read_table(path, Findings("labels.h5"))
    np.testing.assert_array_equal(table.values, XY)
    assert table.columns == COLUMNS.to_list()
    assert ["/".join(key) for key in table.rows] == ONE_COLUMN.to_list()
    assert table.levels == ["scorer", "bodyparts", "coords"]


@pytest.mark.parametrize("place", ["values", "names", "attribute", "level"])
def test_nothing_is_unpickled(tmp_path: Path, place: str) -> None:
    path, trace = tmp_path / "CollectedData_me.h5", tmp_path / "trace"
    pd.DataFrame(XY, index=ONE_COLUMN, columns=COLUMNS).to_hdf(path, key="df_with_missing", mode="w")
    (tmp_path / "labeled-data" / "wälk").mkdir(parents=True)
    for name in ONE_COLUMN:
        (tmp_path / name).touch()
    with tables.open_file(path, "a") as file:
        group = file.root.df_with_missing
        if place == "attribute":
            for node in (group, group.axis1, group.axis0_level0):
                node._v_attrs["encoding" if node is group else "extra"] = pickle.dumps(_Hostile(trace))
                node._v_attrs["hostile"] = _Hostile(trace)
        else:
            name = {"values": "block0_values", "names": "axis1", "level": "axis0_level1"}[place]
            attributes = {key: group[name]._v_attrs[key] for key in group[name]._v_attrs._v_attrnamesuser}
            group[name].remove()
            array = file.create_vlarray(group, name, tables.ObjectAtom())
            array.append(_Hostile(trace))
            for key, value in attributes.items():
                array._v_attrs[key] = "object" if key == "kind" else value
    source = DeepLabCutSource(kind="deeplabcut")
    if place == "attribute":
        read_table(path, Findings("labels.h5"))
    else:
        with pytest.raises(UserError, match=r"CollectedData_me\.h5: not a DeepLabCut HDF5 file .*; use the CSV"):
            read(path, tmp_path, source, Problem(keypoints=("toe", "Knöchel")))
    assert not trace.exists()


def test_the_table_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "CollectedData_me.h5"
    pd.DataFrame(XY, index=ONE_COLUMN, columns=COLUMNS).to_hdf(path, key="df", mode="w", format="table")
    with pytest.raises(UserError, match=r"others have to be unpickled, which can run code; use the CSV beside it"):
        read_table(path, Findings("labels.h5"))


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    path, other = tmp_path / "CollectedData_me.h5", tmp_path / "other.h5"
    pd.DataFrame(XY, index=ONE_COLUMN, columns=COLUMNS).to_hdf(other, key="df_with_missing", mode="w")
    with h5py.File(path, "w") as file:
        file["df_with_missing"] = h5py.ExternalLink(str(other), "/df_with_missing")
    with pytest.raises(UserError, match="is a link, which is not followed"):
        read_table(path, Findings("labels.h5"))


def test_a_dataset_that_claims_to_be_huge(tmp_path: Path) -> None:
    path = tmp_path / "CollectedData_me.h5"
    pd.DataFrame(XY, index=ONE_COLUMN, columns=COLUMNS).to_hdf(path, key="df_with_missing", mode="w")
    with h5py.File(path, "a") as file:
        del file["df_with_missing/block0_values"]
        file["df_with_missing"].create_dataset("block0_values", (10**7, 10**7), "f8", chunks=(100, 100))
    with pytest.raises(UserError, match="would have 800000000000000 bytes"):
        read_table(path, Findings("labels.h5"))
