from pathlib import Path

import pytest

from heelstrike.errors import UserError
from heelstrike.files import write_json
from pipeline.split.coco import coco
from pipeline.split.leaks import Names, find_leaks
from pipeline.split.settings import SplitSettings
from pipeline.split.stage import check_leaks
from tests.pipeline.split.tables import params_of, table_of

TABLE = table_of({"a": 2, "b": 2, "c": 2}).assign(image_id=range(1, 7), annotation_id=range(1, 7))
HASHES = dict(zip(TABLE["image"], TABLE["phash"], strict=True))


def part(*subjects: str) -> Names:
    rows = TABLE[TABLE["subject"].isin(subjects)]
    return Names(dict(zip(rows["image"], rows["subject"], strict=True)), set(subjects))


def test_clean_parts_have_no_leak() -> None:
    assert find_leaks({"train": part("a"), "val": part("b"), "test": part("c")}, HASHES, 2) == []


def test_a_shared_subject_and_its_images_are_named() -> None:
    leaks = find_leaks({"train": part("a", "b"), "test": part("b", "c")}, HASHES, 2)
    assert leaks == [
        "subject 'b' is in train and in test",
        "image 'images/b/0000.png' is in train and in test",
        "image 'images/b/0001.png' is in train and in test",
    ]


def test_look_alikes_of_other_subjects_are_named_with_both_images() -> None:
    hashes = HASHES | {"images/a/0000.png": "0" * 16, "images/c/0001.png": "0" * 15 + "3"}
    leaks = find_leaks({"train": part("a"), "test": part("c")}, hashes, 2)
    assert leaks == [
        "images of the subjects 'a' (train) and 'c' (test) look alike: images/a/0000.png ~ images/c/0001.png"
    ]
    assert find_leaks({"train": part("a"), "test": part("c")}, hashes, 1) == []


def write(path: Path, *subjects: str) -> None:
    write_json(path, coco(TABLE[TABLE["subject"].isin(subjects)], params_of().problem))


def test_the_written_files_are_checked_folds_included(tmp_path: Path) -> None:
    for split, subject in (("train", "a"), ("val", "b"), ("test", "c")):
        write(tmp_path / f"{split}.json", subject)
    check_leaks(tmp_path, TABLE, SplitSettings())
    write(tmp_path / "folds" / "0" / "train.json", "a", "c")
    write(tmp_path / "folds" / "0" / "val.json", "b")
    with pytest.raises(UserError, match="leak: fold 0: subject 'c' is in train and in test"):
        check_leaks(tmp_path, TABLE, SplitSettings())
