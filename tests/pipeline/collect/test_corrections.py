"""Labels of a later batch supersede those of the same picture; nothing else is labelled twice."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from heelstrike.errors import UserError
from pipeline.annotations import read_table
from pipeline.collect.stage import run

FIRST, SECOND = "0001-0123456789", "0002-abcdef0123"
HEADER = "video,frame,subject,left_x,left_y,right_x,right_y"


@pytest.fixture
def table_of(layout):
    """Returns the annotation table and the summary that the stage wrote."""

    def read():
        out = layout.out("collect")
        table = read_table(out / "annotations.parquet", ("left", "right"))
        assert all((out / image).is_file() for image in table["image"])
        return table, json.loads((out / "summary.json").read_text())

    return read


def label(folder, *rows: str, header: str = HEADER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.with_name(f"{folder.name}.dvc").touch()  # the batch is versioned
    (folder / "labels.csv").write_text("\n".join([header, *rows]) + "\n")


def picture(path, seed: int, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)


def test_corrected_labels_of_a_video_supersede_the_earlier(layout, make_params, table_of, videos, capsys) -> None:
    video = videos.write_video(layout.raw / FIRST / "walk.mp4")
    label(layout.raw / FIRST, *(f"walk.mp4,{n},A,10,20,30,40" for n in (3, 5, 7)))
    (layout.raw / SECOND).mkdir()
    shutil.copy(video, layout.raw / SECOND / "renamed.mp4")
    label(layout.raw / SECOND, *(f"renamed.mp4,{n},A,25,20,30,40" for n in (5, 7, 9)))
    run(make_params(), layout)
    table, summary = table_of()
    assert table[["frame", "left_x"]].values.tolist() == [[3, 10], [5, 25], [7, 25], [9, 25]]
    assert table["video"].unique().tolist() == [f"{FIRST}/walk.mp4"]  # the same recording has one name
    assert table["image"].tolist() == [f"images/{FIRST}/walk.mp4/{n:06d}.png" for n in (3, 5, 7, 9)]
    rows = [f"{FIRST}/labels.csv:3", f"{FIRST}/labels.csv:4"]
    assert summary["superseded"] == [{"batch": "0001", "by": "0002", "count": 2, "rows": rows}]
    assert "collect: 2 labels of batch 0001 are superseded by labels of batch 0002" in capsys.readouterr().out


def test_a_later_picture_may_have_other_metadata_and_an_empty_row_withdraws(layout, make_params, table_of) -> None:
    header = HEADER.replace("video,frame", "video")
    for number in range(3):
        picture(layout.raw / FIRST / f"{number}.png", number)
        picture(layout.raw / SECOND / f"copy of {number}.png", number, dpi=(300, 300))
    label(layout.raw / FIRST, *(f"{n}.png,{n},1,2,3,4" for n in range(3)), header=header)
    label(layout.raw / SECOND, "copy of 0.png,0,5,6,7,8", "copy of 1.png,1,,,,", header=header)
    run(make_params({"kind": "csv", "subject": "image"}), layout)
    table, summary = table_of()
    assert table["image"].tolist() == [f"images/{FIRST}/0.png", f"images/{FIRST}/2.png"]
    assert table["subject"].tolist() == [f"{FIRST}/0.png", f"{FIRST}/2.png"]  # who is shown does not change
    assert table["left_x"].tolist() == [5, 1]
    assert summary["superseded"][0]["count"] == 2


def test_a_correction_in_another_folder_is_of_the_same_subject(layout, make_params, table_of) -> None:
    header = HEADER.replace("video,frame", "video")
    picture(layout.raw / FIRST / "patient_1" / "0.png", 0)
    picture(layout.raw / SECOND / "0.png", 0)
    label(layout.raw / FIRST, "patient_1/0.png,A,1,2,3,4", header=header)
    label(layout.raw / SECOND, "0.png,B,5,6,7,8", header=header)
    for subject, expected in (
        ("folder", "patient_1"),
        ({"pattern": "(patient_1|0.png)"}, "patient_1"),
        ("subject", "B"),
    ):
        run(make_params({"kind": "csv", "subject": subject, "slices": []}), layout)
        assert table_of()[0]["subject"].tolist() == [expected]


def test_a_picture_of_two_names_in_one_batch(layout, make_params, table_of) -> None:
    for name in ("a.png", "b.png"):
        picture(layout.raw / name, 1)
    label(layout.raw, "a.png,A,1,2,3,4", "b.png,B,5,6,7,8", header=HEADER.replace("video,frame", "video"))
    with pytest.raises(UserError, match=r"a.png and b.png show the same picture and are labelled in labels.csv:2 and"):
        run(make_params(), layout)
    run(make_params(repeated_pictures="keep"), layout)
    assert table_of()[0]["left_x"].tolist() == [1, 5]


def test_labels_in_no_batch_supersede_nothing(layout, make_params, videos) -> None:
    video = videos.write_video(layout.raw / FIRST / "walk.mp4")
    label(layout.raw / FIRST, "walk.mp4,3,A,1,2,3,4")
    label(layout.raw / "mine", "walk.mp4,3,A,5,6,7,8")
    shutil.copy(video, layout.raw / "mine")
    with pytest.raises(UserError, match=r"walk.mp4 show the same picture, frame 3, and are labelled in .*:2 and in "):
        run(make_params(), layout)


def test_a_label_file_of_two_sources(layout, make_params, videos) -> None:
    videos.write_video(layout.raw / "walk.mp4")
    label(layout.raw, "walk.mp4,3,A,1,2,3,4")
    with pytest.raises(UserError, match=r"labels.csv:2 is read by two sources of params.yaml; narrow"):
        run(make_params({"kind": "csv"}, {"kind": "csv", "labels": "labels.csv"}), layout)


def test_everything_withdrawn(layout, make_params, videos) -> None:
    videos.write_video(layout.raw / FIRST / "walk.mp4")
    label(layout.raw / FIRST, "walk.mp4,3,A,1,2,3,4")
    label(layout.raw / SECOND, "walk.mp4,3,A,,,,")
    shutil.copy(layout.raw / FIRST / "walk.mp4", layout.raw / SECOND)
    with pytest.raises(UserError, match="later batches withdraw every label"):
        run(make_params(), layout)
