"""Names in label files: in any normal form of Unicode, and equal to the names of a reader's own columns."""

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from heelstrike.media import files_matching
from pipeline.annotations import keypoints_of
from pipeline.collect.readers import read_labels
from pipeline.collect.settings import Source
from pipeline.names import in_normal_form
from pipeline.problem import Problem

NFC, NFD = "H\u00fcfte", "Hu\u0308fte"
PROBLEM = Problem(keypoints=("a", "b"))


def read(path: Path, problem: Problem = PROBLEM, **settings: object):
    source = TypeAdapter(Source).validate_python(in_normal_form(settings))
    return read_labels(path, path.parent, source, problem)


def landmarks(folder: Path, header: str, *cells: str) -> Path:
    """Write a table of two points of each of two images, with the other cells of each image."""
    rows = []
    for image, others in enumerate(cells):
        (folder / f"{image}.png").write_bytes(b"not opened by readers")
        rows += [f"{image}.png,{k},{10 * image + n},{20 + n},{others}" for n, k in enumerate("ab", 1)]
    (folder / "labels.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder / "labels.csv"


@pytest.mark.parametrize(
    "column", ["row", "line", "who", "which", "k", "person", "media", "frame", "subject", "instance"]
)
def test_a_column_may_have_any_name(tmp_path: Path, column: str) -> None:
    path = landmarks(tmp_path, f"image,landmark,x,y,{column}", "pat0", "pat1")
    table = read(path, kind="landmarks", subject=column, slices=[column]).table
    assert table["subject"].tolist() == table[f"slice_{column}"].tolist() == ["pat0", "pat1"]
    header = ",".join(["image", column, *(f"{k}_{axis}" for k in "ab" for axis in "xy")])
    path.write_text(f"{header}\n0.png,pat0,1,2,3,4\n1.png,pat1,5,6,7,8\n")
    table = read(path, kind="csv", file="image", frame=None, subject=column, slices=[column]).table
    assert table["subject"].tolist() == table[f"slice_{column}"].tolist() == ["pat0", "pat1"]


def test_columns_of_coordinates_may_have_any_name(tmp_path: Path) -> None:
    path = landmarks(tmp_path, "image,landmark,py,px,who", "A", "A")
    table = read(path, kind="landmarks", x="py", y="px", subject="image").table
    assert keypoints_of(table, ("a", "b"))[0].tolist() == [[[1, 21], [2, 22]], [[11, 21], [12, 22]]]


def test_rows_of_an_image_that_name_two_subjects(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    (tmp_path / "0.png").write_bytes(b"not opened by readers")
    path.write_text("image,landmark,x,y,who\n0.png,a,1,2,A\n0.png,b,3,4,B\n")
    with pytest.raises(UserError, match=r"row 2: the rows of its image name the subjects \['A', 'B'\] in 'who'"):
        read(path, kind="landmarks", subject="who")


@pytest.mark.parametrize(("on_disk", "in_file"), [(NFC, NFD), (NFD, NFC)])
@pytest.mark.parametrize("escaped", [True, False])
def test_one_normal_form_of_files_columns_and_keypoints(tmp_path, on_disk: str, in_file: str, escaped: bool) -> None:
    (tmp_path / on_disk).mkdir()
    (tmp_path / on_disk / f"{on_disk}.png").write_bytes(b"not opened by readers")
    problem = Problem(keypoints=(on_disk,))
    name = f"{in_file}/{in_file}.png"
    (tmp_path / "labels.csv").write_text(f"video,{in_file}_p,{in_file}_x,{in_file}_y\n{name},{in_file},1,2\n")
    csv = read(tmp_path / "labels.csv", problem, kind="csv", subject=f"{on_disk}_p")
    export = {
        "images": [{"id": 1, "file_name": name, "who": in_file}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "keypoints": [1, 2, 2]}],
        "categories": [{"id": 1, "name": "x", "keypoints": [in_file]}],
    }
    (tmp_path / "l.json").write_text(json.dumps(export, ensure_ascii=escaped), encoding="utf-8")
    coco = read(tmp_path / "l.json", problem, kind="coco", subject="who")
    for labels in (csv, coco):
        row = labels.table.iloc[0]
        assert (row["subject"], row[f"{NFC}_x"]) == (NFC, 1)
        assert (tmp_path / row["media"]).is_file()
    assert files_matching(tmp_path, f"**/{in_file}.png") == [tmp_path / on_disk / f"{on_disk}.png"]
