"""Label Studio exports."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.errors import UserError
from pipeline.collect.readers.label_studio import read
from pipeline.collect.settings import LabelStudioSource
from pipeline.problem import Problem

ANKLE = Problem(classes=("pronation", "neutral", "supination"))
SOURCE = LabelStudioSource(kind="label_studio")


def task(number: int, image: str, *results: list[dict[str, Any]]) -> dict[str, Any]:
    annotations = [{"id": 10 * number + n, "completed_by": n, "result": result} for n, result in enumerate(results)]
    return {
        "id": number,
        "annotations": annotations,
        "file_upload": image,
        "data": {"image": f"/data/upload/1/{image}"},
    }


def choice(name: str) -> list[dict[str, Any]]:
    return [{"type": "choices", "value": {"choices": [name]}, "from_name": "c", "to_name": "image"}]


def shape(kind: str, name: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "value": {kind: [name], **value}, "original_width": 200, "original_height": 100}


def contributor(root: Path, name: str, tasks: list[dict[str, Any]], images: list[str]) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for image in images:
        (folder / image).write_bytes(b"not opened by readers")
    path = folder / "export.json"
    path.write_text(json.dumps(tasks))
    return path


def test_choices_are_read_and_pictures_renamed(tmp_path: Path) -> None:
    path = contributor(tmp_path, "anna", [task(1, "1.jpg", choice("neutral"))], ["1.jpg"])
    row = read(path, tmp_path, SOURCE, ANKLE).table.iloc[0]
    assert (row["class"], row["subject"], row["name"], row["media"]) == ("neutral", "anna", "anna_1.jpg", "anna/1.jpg")
    assert row["source"] == "anna/export.json:1"


def test_the_majority_decides_and_disagreement_is_kept(tmp_path: Path) -> None:
    tasks = [
        task(1, "1.jpg", choice("neutral"), choice("neutral"), choice("pronation")),
        task(2, "2.jpg", choice("neutral"), choice("pronation")),
    ]
    labels = read(contributor(tmp_path, "ben", tasks, ["1.jpg", "2.jpg"]), tmp_path, SOURCE, ANKLE)
    assert labels.table["class"].tolist() == ["neutral"]
    assert labels.dropped["annotators disagree, and there is no majority"] == ["ben/export.json:2 (2.jpg)"]
    assert labels.votes["ben/export.json:1"] == {"0": "neutral", "1": "neutral", "2": "pronation"}


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    tasks = [task(1, "gone.jpg", choice("neutral")), task(2, "0a1b2c3d-2.jpg", choice("supination")), task(3, "3.jpg")]
    path = contributor(tmp_path, "cleo", tasks, ["2.jpg", "3.jpg", "4.jpg"])
    (tmp_path / "dan").mkdir()
    (tmp_path / "dan" / "1.jpg").write_bytes(b"")
    labels = read(path, tmp_path, SOURCE, ANKLE)
    assert labels.table["name"].tolist() == ["cleo_2.jpg"]
    assert labels.dropped == {
        "the folder has images, but no JSON": ["dan"],
        "no image beside the JSON": ["cleo/export.json:1 (gone.jpg)"],
        "nothing is labelled": ["cleo/export.json:3 (3.jpg)"],
        "the JSON has no entry of the image": ["cleo/4.jpg"],
    }
    for name in ("Consensus_2", "sample"):
        labels = read(contributor(tmp_path, name, tasks, ["2.jpg"]), tmp_path, SOURCE, ANKLE)
        assert labels.table.empty
        assert [f"{name}/export.json"] in labels.dropped.values()


def test_rectangles_keypoints_and_polygons_are_pixels(tmp_path: Path) -> None:
    result = [
        shape("rectanglelabels", "1_neutral", x=10, y=20, width=50, height=40, rotation=0),
        shape("keypointlabels", "heel", x=25, y=50, width=0.2),
        {"type": "relation", "from_id": "a", "to_id": "b"},
    ]
    path = contributor(tmp_path, "eve", [task(1, "1.jpg", result)], ["1.jpg"])
    problem = Problem(classes=("neutral", "pronation"), keypoints=("heel", "toe"))
    row = read(
        path, tmp_path, LabelStudioSource(kind="label_studio", classes={"neutral": "1_neutral"}), problem
    ).table.iloc[0]
    assert row["class"] == "neutral"
    assert [row[c] for c in ("box_x", "box_y", "box_w", "box_h")] == pytest.approx([19.5, 19.5, 100, 40])
    assert (row["heel_x"], row["heel_y"], row["heel_v"], row["toe_v"]) == (49.5, 49.5, 2, 0)
    polygon = [shape("polygonlabels", "neutral", points=[[10, 10], [30, 10], [20, 50]])]
    path = contributor(tmp_path, "finn", [task(1, "1.jpg", polygon)], ["1.jpg"])
    row = read(path, tmp_path, SOURCE, ANKLE).table.iloc[0]
    assert [row[c] for c in ("box_x", "box_y", "box_w", "box_h")] == pytest.approx([19.5, 9.5, 40, 40])


def test_real_exports(datasets: Path) -> None:
    folder = datasets / "format-samples" / "label_studio"
    problem = Problem(keypoints=("nose", "left_eye", "right_eye"))
    labels = read(folder / "keypoints_export.json", folder.parent, SOURCE, problem)
    # the export's image is not among the samples
    assert labels.table.empty
    assert list(labels.dropped) == ["no image beside the JSON"]


def test_another_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gina").mkdir()
    (tmp_path / "gina" / "coco.json").write_text('{"images": []}')
    with pytest.raises(UserError, match=r"gina/coco.json: not a Label Studio export: expected a list of tasks"):
        read(tmp_path / "gina" / "coco.json", tmp_path, SOURCE, ANKLE)


def test_nothing_is_a_number(tmp_path: Path) -> None:
    path = contributor(tmp_path, "hal", [task(1, "1.jpg", choice("neutral"))], ["1.jpg"])
    assert np.isnan(read(path, tmp_path, SOURCE, ANKLE).table["box_x"].iloc[0])
