"""Label Studio exports."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.errors import UserError
from pipeline.collect.readers import read_labels
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


THREE = Problem(keypoints=("a", "b", "c"))
MANY = Problem(keypoints=("a", "b", "c"), multi_instance=True)


def point(name: str, x: float, y: float, **result: Any) -> dict[str, Any]:
    return shape("keypointlabels", name, x=x, y=y, width=0.5) | result


def person(x: float, **result: Any) -> list[dict[str, Any]]:
    return [point(name, x + n, 10 * n, **result) for n, name in enumerate("abc")]


class TestInstances:
    def test_points_of_one_region_are_one_instance(self, tmp_path: Path) -> None:
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", person(10) + person(50, parentID="p2"))], ["1.jpg"])
        table = read(path, tmp_path, SOURCE, MANY).table
        assert table["instance"].tolist() == [0, 1]
        assert table[["a_x", "b_x", "c_x"]].to_numpy().tolist() == [[19.5, 21.5, 23.5], [99.5, 101.5, 103.5]]

    def test_points_share_the_box_of_their_region(self, tmp_path: Path) -> None:
        boxes = [
            shape("rectanglelabels", "x", x=x, y=0, width=10, height=50) | {"id": name}
            for x, name in ((50, "r2"), (10, "r1"), (80, "r3"))
        ]
        result = [*person(10, parentID="r1"), *boxes, *person(50, parentID="r2")]
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", result)], ["1.jpg"])
        table = read(path, tmp_path, SOURCE, MANY).table
        assert table["box_x"].tolist() == [99.5, 19.5, 159.5]
        np.testing.assert_array_equal(table["a_x"], [99.5, 19.5, np.nan])

    def test_points_of_no_region_beside_several(self, tmp_path: Path) -> None:
        boxes = [shape("rectanglelabels", "x", x=x, y=0, width=10, height=50) | {"id": str(x)} for x in (10, 50)]
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", [*boxes, *person(10)])], ["1.jpg"])
        with pytest.raises(UserError, match=r"task 1 \(1.jpg\): its points \['a', 'b', 'c'\] belong to none of its 2"):
            read(path, tmp_path, SOURCE, MANY)

    def test_a_network_of_one_instance_gets_one(self, tmp_path: Path) -> None:
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", person(10) + person(50, parentID="p2"))], ["1.jpg"])
        with pytest.raises(UserError, match=r"anna/1.jpg: 2 instances are labelled"):
            read_labels(path, tmp_path, SOURCE, THREE)

    def test_a_point_named_twice(self, tmp_path: Path) -> None:
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", [*person(10), point("c", 80, 60)])], ["1.jpg"])
        for problem in (THREE, MANY):
            with pytest.raises(UserError, match=r"anna/export.json: task 1 \(1.jpg\) labels c twice"):
                read(path, tmp_path, SOURCE, problem)

    def test_several_annotators_of_several_instances(self, tmp_path: Path) -> None:
        two = person(10) + person(50, parentID="p2")
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", two, two)], ["1.jpg"])
        with pytest.raises(UserError, match="2 annotators labelled it, and one of them several instances"):
            read(path, tmp_path, SOURCE, MANY)

    def test_the_second_annotator_of_a_multi_instance_problem_is_listed(self, tmp_path: Path) -> None:
        path = contributor(tmp_path, "anna", [task(1, "1.jpg", person(10), person(50))], ["1.jpg"])
        labels = read(path, tmp_path, SOURCE, MANY)
        assert labels.table["a_x"].tolist() == [19.5]
        assert list(labels.dropped.values()) == [["anna/export.json:1 (1)"]]

    def test_the_ground_truth_counts_alone(self, tmp_path: Path) -> None:
        tasks = [task(1, "1.jpg", person(10), person(50), person(70))]
        tasks[0]["annotations"][1]["ground_truth"] = True
        tasks[0]["annotations"][2]["was_cancelled"] = True
        assert read(contributor(tmp_path, "a", tasks, ["1.jpg"]), tmp_path, SOURCE, THREE).table["a_x"].item() == 99.5
        tasks[0]["annotations"][1]["ground_truth"] = False
        assert read(contributor(tmp_path, "b", tasks, ["1.jpg"]), tmp_path, SOURCE, THREE).table["a_x"].item() == 59.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_rotation": 90}, "turned by 90 degrees"),
        ({"original_width": None}, "in an image of None x 100"),
        ({"original_width": 0}, "in an image of 0 x 100"),
        ({"value": {"x": "1", "y": 2, "keypointlabels": ["a"]}}, "has the place \\[\\['1', 2\\]\\]"),
        ({"value": {"x": float("nan"), "y": 2, "keypointlabels": ["a"]}}, "expected numbers"),
        ({"original_width": 300}, "several sizes"),
    ],
)
def test_places_that_are_none(tmp_path: Path, changes, message) -> None:
    result = [point("a", 1, 2) | changes, point("b", 3, 4)]
    path = contributor(tmp_path, "anna", [task(1, "1.jpg", result)], ["1.jpg"])
    with pytest.raises(UserError, match=rf"anna/export.json: task 1 \(1.jpg\).*{message}"):
        read(path, tmp_path, SOURCE, THREE)


def test_the_stated_size_is_a_column(tmp_path: Path) -> None:
    path = contributor(tmp_path, "anna", [task(1, "1.jpg", person(10)), task(2, "2.jpg", choice("x"))], ["1.jpg"])
    table = read(path, tmp_path, SOURCE, THREE).table
    assert table[["labelled_width", "labelled_height"]].to_numpy().tolist() == [[200, 100]]


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/data/upload/1/0a1b2c3d-my%20image.jpg", "my image.jpg"),
        ("/data/upload/1/0a1b2c3d-my%20image.jpg", "0a1b2c3d-my image.jpg"),
        ("/data/local-files/?d=folder%2Fimg%201.jpg", "img 1.jpg"),
        ("/data/local-files/?d=folder%2Fimg%201.jpg", "folder/img 1.jpg"),
        ("s3://bucket/a/img%201.jpg", "img 1.jpg"),
        ("https://store.example/a/img.jpg?X-Amz-Signature=a/b.jpg", "img.jpg"),
        ("C:\\data\\IMG.JPG", "img.jpg"),
        ("/data/upload/1/50%25.jpg", "50%.jpg"),
        ("0a1b2c3d-img.jpg", "ffffffff-img.jpg"),
    ],
)
@pytest.mark.parametrize("key", ["image", "picture"])
def test_addresses_of_images(tmp_path: Path, key, address, file) -> None:
    tasks = [{"id": 1, "annotations": task(1, "", person(10))["annotations"], "data": {"a": "Anna", key: address}}]
    (tmp_path / "anna" / "folder").mkdir(parents=True)
    path = contributor(tmp_path, "anna2", tasks, [])
    (path.parent / file).parent.mkdir(exist_ok=True)
    (path.parent / file).write_bytes(b"not opened by readers")
    assert read(path, tmp_path, SOURCE, THREE).table["media"].tolist() == [f"anna2/{file}"]


def test_two_images_of_one_name(tmp_path: Path) -> None:
    tasks = [task(1, "img.jpg", person(10))]
    path = contributor(tmp_path, "anna", tasks, ["0a1b2c3d-img.jpg", "ffffffff-img.jpg"])
    with pytest.raises(UserError, match=r"task 1: its image img.jpg could be 0a1b2c3d-img.jpg or ffffffff-img.jpg"):
        read(path, tmp_path, SOURCE, THREE)


def test_predictions_are_no_labels(tmp_path: Path) -> None:
    tasks = [task(1, "1.jpg") | {"predictions": [{"result": person(10)}]}, task(2, "2.jpg", person(10))]
    labels = read(contributor(tmp_path, "anna", tasks, ["1.jpg", "2.jpg"]), tmp_path, SOURCE, THREE)
    assert labels.dropped == {"only predicted or drafted, not annotated": ["anna/export.json:1 (1.jpg)"]}


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
