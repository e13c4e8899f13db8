import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO

from heelstrike.errors import UserError
from pipeline.layout import Layout
from pipeline.split import stage
from pipeline.split.assign import assign
from pipeline.split.settings import SplitSettings
from tests.pipeline.split.tables import KEYPOINTS, layout_with, params_of, table_of

TEN = {f"s{n}": 4 for n in range(10)}


def run(table: pd.DataFrame, root: Path, **split: Any) -> Layout:
    layout = layout_with(table, root)
    stage.run(params_of(split=split), layout)
    return layout


def parts(layout: Layout) -> dict[str, dict[str, Any]]:
    return {s: json.loads((layout.out("split") / f"{s}.json").read_text()) for s in ("train", "val", "test")}


def subjects(layout: Layout) -> dict[str, str]:
    table = pd.read_csv(layout.root / "data" / "tiny" / "subjects.csv", dtype=str)
    return dict(zip(table["subject"], table["split"], strict=True))


def twins(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Give the first image of each of these subjects the same hash, except for one bit."""
    for bit, name in enumerate(names):
        table.loc[table.index[table["subject"] == name][0], "phash"] = f"{0xABCDEF0123456789 ^ (1 << bit):016x}"
    return table


def test_every_image_is_in_one_split_and_no_subject_in_two(tmp_path: Path) -> None:
    contents = parts(run(table_of(TEN), tmp_path))
    assert {s: len(c["images"]) for s, c in contents.items()} == {"train": 24, "val": 8, "test": 8}
    names = [image["file_name"] for c in contents.values() for image in c["images"]]
    assert len(set(names)) == len(names) == 40


def test_pycocotools_loads_what_was_labelled(tmp_path: Path) -> None:
    table = table_of(TEN)
    layout = run(table, tmp_path)
    for split in ("train", "val", "test"):
        coco = COCO(str(layout.out("split") / f"{split}.json"))
        category = coco.loadCats(coco.getCatIds())[0]
        assert category["keypoints"] == list(KEYPOINTS)
        assert category["skeleton"] == [[1, 3]]
        for annotation in coco.loadAnns(coco.getAnnIds()):
            image = coco.loadImgs(annotation["image_id"])[0]
            row = table[table["image"] == image["file_name"]].iloc[0]
            points = np.array(annotation["keypoints"]).reshape(-1, 3)
            expected = [[row[f"{k}_x"], row[f"{k}_y"], row[f"{k}_v"]] for k in KEYPOINTS]
            np.testing.assert_allclose(points, np.nan_to_num(np.array(expected, dtype=float)))
            assert annotation["num_keypoints"] == (points[:, 2] > 0).sum()
            assert annotation["area"] == row["box_w"] * row["box_h"] == 1200
            assert annotation["bbox"] == [1.5, 2.5, 40, 30]
            about = {k: image[k] for k in ("subject", "video", "frame", "time_s", "width", "height")}
            assert about == {k: row[k] for k in about}
            assert image["slices"] == {"tone": "I"}


def test_a_still_image_has_no_time(tmp_path: Path) -> None:
    table = table_of(TEN).assign(time_s=float("nan"), frame=-1, video="")
    assert parts(run(table, tmp_path))["test"]["images"][0]["time_s"] is None


def test_two_fresh_runs_write_the_same_bytes_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    layouts = [run(table_of(TEN), tmp_path / name, folds=3) for name in ("a", "b")]

    def contents(layout: Layout) -> dict[str, bytes]:
        files = sorted(p for p in (layout.root / "data").rglob("*") if p.is_file())
        return {p.relative_to(layout.root).as_posix(): p.read_bytes() for p in files}

    first = contents(layouts[0])
    assert first == contents(layouts[1])
    stage.run(params_of(split={"folds": 3}), layouts[0])
    assert contents(layouts[0]) == first


def test_another_seed_deals_otherwise(tmp_path: Path) -> None:
    assert subjects(run(table_of(TEN), tmp_path / "a", seed=1)) != subjects(run(table_of(TEN), tmp_path / "b", seed=2))


def test_a_subject_keeps_its_split_when_data_is_added(tmp_path: Path) -> None:
    before = subjects(run(table_of(TEN), tmp_path))
    more = {f"new{n}": 3 for n in range(8)}
    after = subjects(run(table_of(TEN | more), tmp_path))
    assert {s: after[s] for s in before} == before
    assert set(after) == set(TEN) | set(more)
    assert {after[s] for s in more} <= {"train", "val", "test"}


def test_a_subject_without_data_is_remembered(tmp_path: Path) -> None:
    before = subjects(run(table_of(TEN), tmp_path))
    fewer = {s: n for s, n in TEN.items() if s != "s3"}
    assert subjects(run(table_of(fewer), tmp_path)) == before


def test_look_alikes_of_several_subjects_go_together(tmp_path: Path) -> None:
    dealt = subjects(run(twins(table_of(TEN), "s0", "s5", "s8"), tmp_path))
    assert len({dealt[s] for s in ("s0", "s5", "s8")}) == 1


def test_a_new_subject_follows_its_look_alike(tmp_path: Path) -> None:
    before = subjects(run(table_of(TEN), tmp_path))
    tested = next(s for s, split in before.items() if split == "test")
    after = subjects(run(twins(table_of(TEN | {"new": 4}), "new", tested), tmp_path))
    assert after["new"] == "test"


def test_known_subjects_that_turn_out_to_look_alike_are_a_leak(tmp_path: Path) -> None:
    before = subjects(run(table_of(TEN), tmp_path))
    train, test = (next(s for s, split in before.items() if split == part) for part in ("train", "test"))
    written = parts(Layout(tmp_path, "tiny"))
    with pytest.raises(UserError, match="leak: subjects of different splits") as error:
        run(twins(table_of(TEN), train, test), tmp_path)
    for part in (train, test, f"images/{test}/0000.png", "subjects.csv", "near_duplicate_bits"):
        assert part in str(error.value)
    assert parts(Layout(tmp_path, "tiny")) == written


def test_one_image_of_two_subjects_ties_them(tmp_path: Path) -> None:
    table = table_of(TEN)
    second = table.iloc[[0]].assign(subject="s9", instance=1)
    dealt = subjects(run(pd.concat([table, second], ignore_index=True), tmp_path))
    assert dealt["s0"] == dealt["s9"]


def test_the_stratum_is_spread_over_the_splits(tmp_path: Path) -> None:
    tones = {f"s{n}": "I" if n < 10 else "VI" for n in range(20)}
    layout = run(table_of({f"s{n}": 4 for n in range(20)}, tones), tmp_path, stratify="tone", val=0.2, test=0.2)
    for content in parts(layout).values():
        tones = [image["slices"]["tone"] for image in content["images"]]
        assert tones.count("I") == tones.count("VI")


def test_an_unknown_stratum_is_refused_with_the_slices_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"split\.stratify names 'shoe'.*\['tone'\]"):
        run(table_of(TEN), tmp_path, stratify="shoe")


@pytest.mark.parametrize("stratify", [None, "tone"])
def test_folds_cover_train_and_val_once_and_never_part_a_subject(tmp_path: Path, stratify: str | None) -> None:
    layout = run(table_of(TEN, {"s0": "VI", "s1": "VI"}), tmp_path, folds=4, stratify=stratify)
    contents = parts(layout)
    rest = {i["file_name"] for split in ("train", "val") for i in contents[split]["images"]}
    validated: list[str] = []
    for fold in range(4):
        train, val = (
            json.loads((layout.out("split") / "folds" / str(fold) / f"{s}.json").read_text()) for s in ("train", "val")
        )
        assert not {i["subject"] for i in train["images"]} & {i["subject"] for i in val["images"]}
        assert {i["file_name"] for c in (train, val) for i in c["images"]} == rest
        validated += [i["file_name"] for i in val["images"]]
    assert sorted(validated) == sorted(rest)


def test_more_folds_than_subjects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"split.folds is 9, but train and val have only 8 independent subjects"):
        run(table_of(TEN), tmp_path, folds=9)


def test_one_subject_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"1 subject\(s\) cannot be split into.*`subject: image`"):
        run(table_of({"only": 50}), tmp_path)


def test_subjects_that_all_look_alike_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"which near duplicates join into 2.*near_duplicate_bits"):
        run(twins(table_of({"a": 3, "b": 3, "c": 3}), "a", "b"), tmp_path)


def test_three_subjects_are_enough(tmp_path: Path) -> None:
    assert sorted(subjects(run(table_of({"a": 90, "b": 1, "c": 1}), tmp_path)).values()) == ["test", "train", "val"]


def test_an_assignment_that_leaves_a_split_empty_says_what_to_do(tmp_path: Path) -> None:
    layout = layout_with(table_of({"a": 3, "b": 3, "c": 3}), tmp_path)
    (tmp_path / "data/tiny/subjects.csv").write_text("subject,split\na,train\nb,train\nc,test\n")
    with pytest.raises(UserError, match=r"subjects.csv puts no subject of the data into val; delete some of its rows"):
        stage.run(params_of(), layout)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subject,split\na,training\n", r"subjects.csv:2: split is 'training'; use one of train, val, test"),
        ("subject,split\na,train\na,test\n", r"subjects.csv:3: subject 'a' is in train above"),
        ("person,part\na,train\n", r"the columns are \['person', 'part'\], expected subject, split"),
    ],
)
def test_a_broken_assignment_is_refused(tmp_path: Path, text: str, message: str) -> None:
    layout = layout_with(table_of(TEN), tmp_path)
    (tmp_path / "data/tiny/subjects.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        stage.run(params_of(), layout)


@given(
    sizes=st.lists(st.integers(1, 30), min_size=3, max_size=40),
    tones=st.integers(1, 4),
    known=st.integers(0, 10),
    seed=st.integers(0, 5),
)
def test_dealing_keeps_what_is_known_and_leaves_no_split_empty(
    sizes: list[int], tones: int, known: int, seed: int
) -> None:
    names = [f"s{n:02d}" for n in range(len(sizes))]
    table = table_of(dict(zip(names, sizes, strict=True)), {s: str(n % tones) for n, s in enumerate(names)})
    groups = {name: number for number, name in enumerate(names)}
    before = dict.fromkeys(names[: min(known, len(names) - 2)], "train")
    settings = SplitSettings(stratify="tone", seed=seed)
    after = assign(table, groups, before, settings)
    assert set(after) == set(names)
    assert before.items() <= after.items()
    assert set(after.values()) == {"train", "val", "test"}
    largest, total = max(sizes), sum(sizes)
    if not before and len(sizes) > 5:
        for split, share in (("val", settings.val), ("test", settings.test)):
            got = sum(size for name, size in zip(names, sizes, strict=True) if after[name] == split)
            assert got <= share * total * (1 + tones) + largest


def test_a_published_split_is_kept_and_the_rest_dealt(tmp_path: Path) -> None:
    table = table_of(TEN, {"s3": "official", "s7": "official"})
    given = {"slice": "tone", "splits": {"official": "test"}}
    splits = subjects(run(table, tmp_path, given=given, val=0.2, test=0.1))
    assert {name for name, split in splits.items() if split == "test"} == {"s3", "s7"}
    assert set(splits.values()) == {"train", "val", "test"}


def test_a_given_split_that_is_not_in_the_data_or_parts_a_subject_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"split\.given: no image has \['official'\] as slice 'tone'; there are \['I'\]"
    ):
        run(table_of(TEN), tmp_path / "a", given={"slice": "tone", "splits": {"official": "test"}})
    table = table_of(TEN)
    table.loc[0, "slice_tone"] = "II"
    with pytest.raises(UserError, match=r"images of several splits: s0 \(test, train\)"):
        run(table, tmp_path / "b", given={"slice": "tone", "splits": {"I": "train", "II": "test"}})


def test_drawn_pictures_may_look_alike(tmp_path: Path) -> None:
    table = twins(table_of(TEN), *TEN)
    with pytest.raises(UserError, match="near duplicates join"):
        run(table, tmp_path / "a")
    assert set(subjects(run(table, tmp_path / "b", near_duplicate_bits=None)).values()) == {"train", "val", "test"}


def test_classes_and_slices_are_not_both_spread() -> None:
    with pytest.raises(ValueError, match="by_class and stratify \\('tone'\\) are both set"):
        SplitSettings(stratify="tone", by_class=True)
