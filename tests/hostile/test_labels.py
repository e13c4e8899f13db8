"""Hostile label files: each gives the right labels or a message that names what is wrong; the inbox is only read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from heelstrike.errors import UserError
from pipeline.collect.check import check_inbox
from pipeline.collect.readers import READERS
from pipeline.collect.stage import run
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from tests.hostile import csv_inputs, label_inputs
from tests.hostile.checks import Input, judge, parametrised

pytestmark = pytest.mark.timeout(30)


def params(source: Mapping[str, Any]) -> ProblemParams:
    """A problem of two keypoints with one source."""
    section = {
        "problem": {"keypoints": ["heel", "toe"]},
        "collect": {"sources": [dict(source)]},
        "model": {"name": "spatial"},
    }
    return parse_params({"problems": ["toy"], "toy": section})["toy"]


def read(inbox: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    """Check an inbox as ingest does, then read the labels as collect does: the first row, and how many there are."""
    problem = params(source)
    checked = check_inbox(inbox, problem.collect, problem.problem)
    (settings,) = problem.collect.sources
    (name,) = (path.relative_to(inbox).as_posix() for path in inbox.glob(settings.labels))
    assert (name in checked.accepted) != (name in checked.rejected), (
        f"{name} is neither accepted nor rejected: {checked}"
    )
    if name in checked.rejected:
        raise UserError(f"{name}: {checked.rejected[name]}")
    table = READERS[settings.kind](inbox / name, inbox, settings, problem.problem).table
    unknown = set(table["media"]) - set(checked.accepted)
    assert not unknown, f"labels are accepted whose media are not: {unknown}"
    return table.iloc[0].to_dict() | {"rows": len(table)}


@parametrised(csv_inputs.INPUTS)
def test_csv(entry: Input, tmp_path: Path) -> None:
    judge(entry, tmp_path, lambda inbox: read(inbox, {"kind": "csv"}))


def collect(raw: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the labels below data/raw/toy: the first row of the annotation table, and how many there are."""
    layout = Layout(raw.parents[2], "toy")
    run(params(source), layout)
    table = pd.read_parquet(layout.out("collect") / "annotations.parquet")
    return table.iloc[0].to_dict() | {"rows": len(table)}


@parametrised(label_inputs.SIZES)
def test_sizes(entry: Input, tmp_path: Path) -> None:
    raw = Layout(tmp_path, "toy").raw
    raw.mkdir(parents=True)
    judge(entry, raw, lambda raw: collect(raw, label_inputs.SOURCES["coco"]))


@pytest.mark.parametrize("kind", label_inputs.SOURCES)
def test_the_source_is_right_for_a_good_file(kind: str, tmp_path: Path) -> None:
    good = Input(f"{kind} as it should be", label_inputs.GOOD[kind], label_inputs.RIGHT)
    judge(good, tmp_path, lambda inbox: read(inbox, label_inputs.SOURCES[kind]))


@parametrised(label_inputs.INPUTS)
def test_other_formats(entry: Input, tmp_path: Path) -> None:
    kind = entry.name.split(":")[0]
    judge(entry, tmp_path, lambda inbox: read(inbox, label_inputs.SOURCES[kind]))
