import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heelstrike.errors import UserError
from pipeline.annotations import read_table
from pipeline.collect.stage import run


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def table_of(layout) -> pd.DataFrame:
    return read_table(layout.out("collect") / "annotations.parquet", ("left", "right"))


def test_labels_and_frames_belong_together(batch, layout, make_params, videos):
    run(make_params(), layout)
    table = table_of(layout)
    assert len(table) == 10
    for row in table.itertuples():
        image = np.asarray(Image.open(layout.out("collect") / row.image))
        assert videos.number_of(image) == row.frame == row.left_x - 10
        assert (row.height, row.width) == image.shape[:2]
        assert row.time_s == pytest.approx(row.frame / 25)
    assert set(table["subject"]) == {"A", "B"}
    assert set(table["slice_tone"]) == {"III"}
    assert table["video"].unique().tolist() == ["first/turn.avi", "first/walk.mp4"]
    assert table["source"].iloc[0] == "first/labels.csv:7"


def test_a_second_run_gives_the_same_bytes_without_decoding(batch, layout, make_params):
    run(make_params(), layout)
    first = contents(layout.out("collect"))
    inodes = {p.name: p.stat().st_ino for p in layout.work("collect", "frames").rglob("*.png")}
    run(make_params(), layout)
    assert contents(layout.out("collect")) == first
    assert {p.name: p.stat().st_ino for p in layout.work("collect", "frames").rglob("*.png")} == inodes


def test_no_labels_at_all(layout, make_params):
    with pytest.raises(UserError, match="no labels found for any source"):
        run(make_params(), layout)


def add_video(batch: Path, videos, name: str, frames: tuple[int, ...] = (1, 2), length: int = 12) -> None:
    videos.write_video(batch / name, frames=length)
    with (batch / "labels.csv").open("a") as stream:
        stream.writelines(f"{name},{n},C,{10 + n},20,50.5,30.25,V\n" for n in frames)


def test_a_new_video_does_not_make_the_old_ones_be_decoded_again(batch, layout, make_params, videos):
    run(make_params(), layout)
    cache = layout.work("collect", "frames")
    old = {folder: (folder / "index.json").stat().st_mtime_ns for folder in cache.iterdir()}
    add_video(batch, videos, "new.mp4")
    run(make_params(), layout)
    now = {folder: (folder / "index.json").stat().st_mtime_ns for folder in cache.iterdir()}
    assert len(now) == len(old) + 1
    assert old.items() <= now.items()
    assert len(table_of(layout)) == 12


def test_frames_that_no_label_wants_leave_the_cache(batch, layout, make_params):
    run(make_params(), layout)
    text = (batch / "labels.csv").read_text()
    (batch / "labels.csv").write_text("\n".join(line for line in text.split("\n") if "turn.avi" not in line))
    run(make_params(), layout)
    assert len(list(layout.work("collect", "frames").iterdir())) == 1
    assert set(table_of(layout)["video"]) == {"first/walk.mp4"}


def test_boxes_have_their_buffer_and_stay_in_the_image(batch, layout, make_params):
    run(make_params(box_buffer_px=5), layout)
    row = table_of(layout).query("video == 'first/walk.mp4' and frame == 6").iloc[0]
    assert (row["box_x"], row["box_y"]) == (11, 15)
    assert (row["box_x"] + row["box_w"], row["box_y"] + row["box_h"]) == (55.5, 35.25)
    run(make_params(box_buffer_px=500), layout)
    row = table_of(layout).iloc[0]
    assert row[["box_x", "box_y", "box_w", "box_h"]].tolist() == [-0.5, -0.5, 96, 64]


def test_stills_keep_their_bytes_and_stand_upright(layout, make_params, videos):
    image = Image.fromarray(videos.picture(9))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    image.save(layout.raw / "turned.jpg", exif=exif)
    image.save(layout.raw / "flat.png")
    rows = ["turned.jpg,,A,10,20,30,40,I", "flat.png,,B,10,20,30,40,I"]
    (layout.raw / "labels.csv").write_text("\n".join(["video,frame,subject,left_x,left_y,right_x,right_y,tone", *rows]))
    run(make_params(), layout)
    table = table_of(layout).set_index("image")
    assert table.loc["images/turned.jpg", ["width", "height"]].tolist() == [64, 96]
    assert table.loc["images/flat.png", ["width", "height"]].tolist() == [96, 64]
    assert (table["frame"] == -1).all()
    assert table["time_s"].isna().all()
    for name in ("turned.jpg", "flat.png"):
        assert (layout.out("collect") / "images" / name).read_bytes() == (layout.raw / name).read_bytes()
        assert (layout.out("collect") / "images" / name).stat().st_ino != (layout.raw / name).stat().st_ino


def test_summary_counts_what_is_left_out(batch, layout, make_params):
    with (batch / "labels.csv").open("a") as stream:
        stream.write("walk.mp4,3,A,,,,,III\n")
    run(make_params(), layout)
    summary = json.loads((layout.out("collect") / "summary.json").read_text())
    assert (summary["images"], summary["videos"], summary["subjects"]) == (10, 2, 2)
    assert summary["dropped"] == [{"reason": "nothing is labelled", "count": 1, "rows": ["first/labels.csv:12"]}]
    assert summary["slices"] == ["tone"]


def test_a_source_without_files_is_said_and_no_error(batch, layout, make_params, capsys):
    run(make_params({"kind": "csv"}, {"kind": "coco", "labels": "**/none.json"}), layout)
    assert "no file matches '**/none.json' (coco)" in capsys.readouterr().out


def test_columns_with_many_values_are_no_slices(batch, layout, make_params, capsys):
    lines = (batch / "labels.csv").read_text().split("\n")
    add = [f"{'note' if i == 0 else f'n{i}'}" for i in range(len(lines) - 1)]
    extra = [f"{line},{note}" for line, note in zip(lines, add, strict=False)]
    extra += [f"walk.mp4,{n},A,{10 + n},20,50,30,III,m{n}" for n in range(1, 30) if n % 6]
    (batch / "labels.csv").write_text("\n".join(extra))
    run(make_params(), layout)
    assert "slice_note" not in table_of(layout)
    assert "left out 1 columns with too many values for a slice: note" in capsys.readouterr().out
    run(make_params({"kind": "csv", "slices": ["note"]}), layout)
    assert table_of(layout)["slice_note"].nunique() > 32


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda batch: (batch / "walk.mp4").write_bytes(b""), r"walk\.mp4: empty \(0 bytes\).*first/labels\.csv:2"),
        (lambda batch: (batch / "walk.mp4").write_text("no video" * 99), r"walk\.mp4: .*first/labels\.csv:2"),
        (
            lambda batch: (batch / "walk.mp4").write_bytes((batch / "walk.mp4").read_bytes()[:3000]),
            r"walk\.mp4: .*first/labels\.csv:2",
        ),
        (
            lambda batch: add_row(batch, "walk.mp4,30,A,1,2,3,4,I"),
            r"first/walk\.mp4: first/labels\.csv:12: frame 30, but the video has 30 frames \(0 to 29\); correct",
        ),
        (lambda batch: (batch / "turn.avi").unlink(), r"first/labels\.csv: row 7: first/turn\.avi is not there"),
    ],
)
def test_bad_media_leave_the_old_output(batch, layout, make_params, spoil, message):
    run(make_params(), layout)
    before = contents(layout.out("collect"))
    spoil(batch)
    with pytest.raises(UserError, match=message):
        run(make_params(), layout)
    assert contents(layout.out("collect")) == before
    assert [p.name for p in layout.out("collect").parent.iterdir()] == ["collect"]


def add_row(batch: Path, row: str) -> None:
    with (batch / "labels.csv").open("a") as stream:
        stream.write(row + "\n")


def test_all_bad_videos_are_named_at_once(batch, layout, make_params):
    (batch / "walk.mp4").write_bytes(b"")
    (batch / "turn.avi").write_bytes(b"x" * 500)
    with pytest.raises(UserError) as caught:
        run(make_params(), layout)
    assert "walk.mp4" in str(caught.value)
    assert "turn.avi" in str(caught.value)


def test_bad_still(layout, make_params):
    (layout.raw / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n not really")
    (layout.raw / "labels.csv").write_text("video,frame,subject,left_x,left_y,right_x,right_y\nx.png,,A,1,2,3,4\n")
    with pytest.raises(UserError, match=r"x\.png: not a readable image .*labels\.csv:2"):
        run(make_params(), layout)


def test_one_frame_labelled_in_two_files(batch, layout, make_params):
    (batch / "more").mkdir()
    (batch / "more" / "labels.csv").write_text(
        "video,frame,subject,left_x,left_y,right_x,right_y\n../walk.mp4,6,A,1,2,3,4\n"
    )
    with pytest.raises(
        UserError, match=r"walk\.mp4, frame 6, is labelled in first/labels\.csv:3 and in .*more/labels\.csv:2"
    ):
        run(make_params(), layout)


def test_rendered_and_real_videos_together(batch, layout, make_params):
    keypoints = ("left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel")
    pairs = {name: ["left_x", "left_y"] for name in keypoints}
    synthetic = {"kind": "synthetic", "subjects": 2, "frames_per_subject": 2, "width": 128, "height": 96}
    run(make_params(synthetic, {"kind": "csv", "keypoints": pairs}, keypoints=keypoints), layout)
    table = read_table(layout.out("collect") / "annotations.parquet", keypoints)
    assert table["subject"].nunique() == 4
    assert table["image"].str.startswith("images/synthetic-").sum() >= 2
    assert not table["slice_tone"].isna().any()


def test_kill_in_the_middle_then_again(batch, layout, make_params, videos):
    """The stage is killed when the first videos are in the cache; the next run ends like an undisturbed one."""
    for number in range(12):
        add_video(batch, videos, f"v{number}.mp4", frames=tuple(range(12)), length=12 + number)
    run(make_params(), layout)
    undisturbed = contents(layout.out("collect"))
    shutil.rmtree(layout.out("collect"))
    shutil.rmtree(layout.root / ".work")
    rooms = ("validate", "split", "prepare", "augment", "train", "search", "evaluate", "package", "gates")
    section = {"problem": {"keypoints": ["left", "right"]}, "collect": {"sources": [{"kind": "csv"}]}, "measure": None}
    section |= {"model": {"name": "spatial"}} | {room: {} for room in rooms} | {"augment": {"flip": 0}}
    (layout.root / "params.yaml").write_text(json.dumps({"problems": ["toy"], "toy": section}))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    child = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "collect", "toy"], cwd=layout.root, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    cache = layout.work("collect", "frames")
    while not (cache.is_dir() and any(not p.name.startswith(".") for p in cache.iterdir())):
        assert child.poll() is None, "ended before it could be killed"
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not layout.out("collect").exists()
    extracted = {p.name for p in cache.iterdir() if not p.name.startswith(".")}
    assert 1 <= len(extracted) < 14
    run(make_params(), layout)
    assert contents(layout.out("collect")) == undisturbed
    assert [p for p in cache.iterdir() if p.name.startswith(".")] == []
