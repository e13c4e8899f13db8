"""Splits that are grouped by subject and stratified by class."""

import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from pipeline.split.balance import balance
from pipeline.split.settings import SplitSettings
from pipeline.splits import SPLITS

SETTINGS = SplitSettings(val=0.1, test=0.1, by_class=True, tolerance=0.06)


def table(people: int, each: int, seed: int = 1) -> pd.DataFrame:
    """Return a table of people with images of three classes, as unequal as the published ones."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["pronation", "neutral", "supination"], people * each, p=[134 / 323, 139 / 323, 50 / 323])
    return pd.DataFrame({"subject": np.repeat([f"p{i:02d}" for i in range(people)], each), "class": kinds})


def groups_of(labels: pd.DataFrame) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted(labels["subject"].unique()))}


def test_every_class_has_its_share_and_no_group_is_parted() -> None:
    labels = table(people=40, each=8)
    groups = groups_of(labels) | {"p01": 0, "p02": 0}
    assigned = balance(labels, groups, {}, SETTINGS)
    assert assigned["p00"] == assigned["p01"] == assigned["p02"]
    shares = pd.crosstab(labels["subject"].map(assigned), labels["class"], normalize="columns")
    for split, wanted in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        assert (shares.loc[split] - wanted).abs().max() < 0.06


def test_the_same_deal_every_time_and_known_subjects_stay() -> None:
    labels = table(people=30, each=8)
    first = balance(labels, groups_of(labels), {}, SETTINGS)
    assert balance(labels, groups_of(labels), {}, SETTINGS) == first
    moved = {"p00": "test", "p01": "train"}
    assert balance(labels, groups_of(labels), moved, SETTINGS).items() >= moved.items()


def test_demands_that_cannot_be_met_are_told() -> None:
    labels = table(people=3, each=20)
    with pytest.raises(UserError, match=r"no assignment of the 3 independent groups .*, 10% are wanted"):
        balance(labels, groups_of(labels), {}, SETTINGS)
    alone = table(people=20, each=8)
    alone.loc[alone["subject"] != "p03", "class"] = "neutral"
    alone.loc[alone["subject"] == "p03", "class"] = "supination"
    with pytest.raises(UserError, match=r"supination: 0% in val, 10% are wanted"):
        balance(alone, groups_of(alone), {}, SETTINGS)
