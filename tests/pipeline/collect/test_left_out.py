"""What is left out is counted and listed, or stops the stage."""

import json

import pytest

from heelstrike.errors import UserError
from pipeline.annotations import read_table
from pipeline.collect.stage import run
from tests.pipeline.collect.conftest import HEADER


@pytest.fixture
def with_leftovers(batch, videos):
    """The batch with an unlabelled video, a file of notes, a missing video and a row without labels."""
    videos.write_video(batch / "unlabelled.mp4", frames=3)
    (batch / "notes.txt").write_text("nobody reads this")
    with (batch / "labels.csv").open("a") as stream:
        stream.write("gone.mp4,1,C,1,2,3,4,V\nwalk.mp4,1,A,,,,,III\n")
    return batch


def test_everything_is_counted_and_listed(with_leftovers, layout, make_params, capsys) -> None:
    run(make_params({"kind": "csv", "missing_images": "skip"}), layout)
    summary = json.loads((layout.out("collect") / "summary.json").read_text())
    assert summary["left_out"] == [
        {"reason": "files that no source reads", "count": 1, "rows": ["first/notes.txt"]},
        {"reason": "images and videos that no label names", "count": 1, "rows": ["first/unlabelled.mp4"]},
    ]
    assert [entry["reason"] for entry in summary["dropped"]] == [
        "nothing is labelled",
        "the image or video is not there",
    ]
    out = capsys.readouterr().out
    assert "collect: left out 1 files that no source reads: first/notes.txt; listed in summary.json" in out
    assert "collect: left out 1 labels: the image or video is not there; listed in summary.json" in out


def test_strict_refuses_it(with_leftovers, layout, make_params) -> None:
    with pytest.raises(UserError) as caught:
        run(make_params({"kind": "csv", "missing_images": "skip"}, strict=True), layout)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3  # a row without labels is no label
    assert all("set strict: false" in line for line in lines)
    assert not layout.out("collect").exists()


def test_strict_is_content_with_a_whole_batch(batch, layout, make_params) -> None:
    run(make_params(strict=True), layout)


def test_a_column_that_only_new_labels_have_is_announced_and_empty_for_the_old(
    batch, layout, make_params, capsys
) -> None:
    new = layout.raw / "second"
    new.mkdir()
    (new / "labels.csv").write_text(f"{HEADER},clinic\n../first/walk.mp4,1,A,1,2,3,4,III,north\n")
    run(make_params(), layout)
    table = read_table(layout.out("collect") / "annotations.parquet", ("left", "right"))
    assert sorted(table["slice_clinic"]) == [""] * 10 + ["north"]
    assert "column 'clinic' is a slice that 1 of 2 label files lack (first/labels.csv)" in capsys.readouterr().out


def test_a_column_named_as_a_slice_of_evaluation(batch, layout, make_params) -> None:
    text = (batch / "labels.csv").read_text()
    (batch / "labels.csv").write_text(text.replace("tone", "subject", 1).replace("subject", "person", 1))
    with pytest.raises(UserError, match="the column 'subject' would be a slice, but evaluation has"):
        run(make_params({"kind": "csv", "subject": "person", "slices": ["subject"]}), layout)
    run(make_params({"kind": "csv", "subject": "person"}), layout)  # of all other columns, this one is no slice
