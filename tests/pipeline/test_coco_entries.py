"""A COCO file is read entry by entry: the entries of the whole, wherever what is in memory ends, and errors by name."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.errors import UserError
from pipeline import coco_entries
from pipeline.coco_entries import entries

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ENTRIES = st.lists(st.dictionaries(st.text(), SCALARS | st.lists(SCALARS, max_size=3), max_size=4), max_size=5)


@given(
    content=st.dictionaries(st.text(), ENTRIES | SCALARS, max_size=4),
    images=ENTRIES,
    indent=st.sampled_from([None, 2]),
    at_once=st.integers(1, 9),
    ascii_only=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_entries_are_those_of_the_whole(
    content: dict[str, Any],
    images: list[dict[str, Any]],
    indent: int | None,
    at_once: int,
    ascii_only: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("coco") / "train.json"
    path.write_text(json.dumps(content | {"images": images}, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coco_entries, "_CHUNK", at_once)
        assert list(entries(path, "images")) == images


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 20_000):
        path = tmp_path / f"{count}.json"
        path.write_text(json.dumps({"annotations": [{"id": n, "keypoints": [0.5] * 12} for n in range(count)]}))
        tracemalloc.start()
        assert sum(entry["id"] for entry in entries(path, "annotations")) == count * (count - 1) // 2
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"train\.json: not there; run the split stage first"),
        ("", r"not a COCO file \(it ends in the middle\); run the split stage again"),
        ("[]", r"not a COCO file \(found '\[', expected '\{'\)"),
        ('{"images": [{"id": 1}, {"id"', r"not a COCO file"),
        ('{"images": [{"id": 1}', r"it ends in the middle"),
        ('{"images": [{"id": 1} {"id": 2}]}', r"found '\{', expected ','"),
        ('{"annotations": []}', r"it has no section 'images'"),
        ("\0\0\0", r"not a COCO file"),
    ],
)
def test_what_is_no_coco_file_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message):
        list(entries(path, "images"))
