"""Writers of every label format that has a reader, for the round trip of random labels."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.pipeline.collect.readers.label_sets import KEYPOINTS, Instance, LabelledImage

Images = Sequence[LabelledImage]


@dataclass(frozen=True)
class Format:
    """A way to write a format.

    Attributes:
        write: Writes the label file and the images into a folder; returns the path of each image relative to it.
        settings: Settings of the source that are always the same.
        hidden: True if the format tells hidden from visible points.
        instances: The highest number of instances in an image.
        stated: True if the format states the size of the image that was labelled.
        missing: True if a keypoint may be missing.
        boxes: True if the format has boxes and classes instead of keypoints.
    """

    write: Callable[[Images, Path], list[str]]
    settings: dict[str, Any] = field(default_factory=dict)
    hidden: bool = False
    instances: int = 1
    stated: bool = False
    missing: bool = True
    boxes: bool = False


def save(images: Images, folder: Path, below: Callable[[LabelledImage], str]) -> list[str]:
    """Write the images; `below` names the path of each within the folder."""
    paths = [below(image) for image in images]
    for number, (image, path) in enumerate(zip(images, paths, strict=True)):
        image.save(folder / path, number)
    return paths


def in_one_folder(image: LabelledImage) -> str:
    return image.name


def by_subject(image: LabelledImage) -> str:
    return f"labeled-data/{image.subject}/{image.name}"


def write_table(path: Path, rows: list[list[Any]], delimiter: str = ",") -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)


def xy_cells(instance: Instance) -> list[Any]:
    return [cell for point in instance.points for cell in (point[:2] if point else ("", ""))]


def write_csv(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    points = [f"{k}_{axis}" for axis in ("x", "y", "v") for k in KEYPOINTS]
    header = ["video", "subject", "image_width", "image_height", *points]
    rows = []
    for image, path in zip(images, paths, strict=True):
        for instance in image.instances:
            cells = [
                "" if point is None else image.labelled(point[axis]) for axis in range(2) for point in instance.points
            ]
            visibilities = ["" if point is None else point[2] for point in instance.points]
            rows.append([path, image.subject, *image.stated_size, *cells, *visibilities])
    write_table(folder / "labels.csv", [header, *rows])
    return paths


def write_european_csv(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    header = ["video", "subject", *(f"{k}_{axis}" for k in KEYPOINTS for axis in ("x", "y"))]
    rows = [
        [path, image.subject, *(str(cell).replace(".", ",") for cell in xy_cells(image.instances[0]))]
        for image, path in zip(images, paths, strict=True)
    ]
    write_table(folder / "labels.csv", [header, *rows], delimiter=";")
    return paths


def write_deeplabcut(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, by_subject)
    count = max(len(image.instances) for image in images)
    columns = [(f"animal{n}", k, axis) for n in range(count) for k in KEYPOINTS for axis in "xy"]
    names = ("individuals", "bodyparts", "coords")
    heads = [[name, *cells] for name, cells in zip(names, zip(*columns, strict=True), strict=True)]
    rows = [["scorer", *["me"] * len(columns)], *heads]
    for image, path in zip(images, paths, strict=True):
        cells = [cell for instance in image.instances for cell in xy_cells(instance)]
        rows.append([path, *cells, *[""] * (len(columns) - len(cells))])
    write_table(folder / "CollectedData_me.csv", rows)
    return paths


def write_coco(images: Images, folder: Path) -> list[str]:
    return _write_coco(images, folder, _coco_keypoints)


def write_coco_boxes(images: Images, folder: Path) -> list[str]:
    return _write_coco(images, folder, _coco_box)


def _coco_keypoints(image: LabelledImage, instance: Instance) -> dict[str, Any]:
    points = [p and (image.labelled(p[0]), image.labelled(p[1]), p[2]) for p in instance.points]
    return {"category_id": 1, "keypoints": [value for point in points for value in point or (0, 0, 0)]}


def _coco_box(image: LabelledImage, instance: Instance) -> dict[str, Any]:
    x, y, width, height = instance.box
    numbers = [(x + 0.5) * image.stated, (y + 0.5) * image.stated, width * image.stated, height * image.stated]
    return {"category_id": 1 if instance.label == "flat" else 2, "bbox": numbers}


def _write_coco(
    images: Images, folder: Path, annotation: Callable[[LabelledImage, Instance], dict[str, Any]]
) -> list[str]:
    paths = save(images, folder, in_one_folder)
    entries, annotations = [], list[dict[str, Any]]()
    for number, (image, path) in enumerate(zip(images, paths, strict=True)):
        width, height = image.stated_size
        entries.append({"id": number, "file_name": path, "width": width, "height": height, "person": image.subject})
        for instance in image.instances:
            annotations.append({"id": len(annotations), "image_id": number, **annotation(image, instance)})
    categories = [{"id": n, "name": name, "keypoints": KEYPOINTS} for n, name in ((1, "flat"), (2, "arched"))]
    data = {"images": entries, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(data))
    return paths


def write_ee641(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, lambda image: f"train/{image.subject}/{image.name}")
    entries = []
    for number, (image, path) in enumerate(zip(images, paths, strict=True)):
        points = [point[:2] for point in image.instances[0].points if point]
        entries.append({"id": number, "file_name": path.removeprefix("train/"), "keypoints": points})
    (folder / "train_annotations.json").write_text(json.dumps({"keypoint_names": KEYPOINTS, "images": entries}))
    return paths


def write_label_studio(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    tasks = []
    for number, image in enumerate(images):
        points = [
            {
                "id": f"{k}{number}",
                "type": "keypointlabels",
                "value": {
                    "x": (point[0] + 0.5) / image.width * 100,
                    "y": (point[1] + 0.5) / image.height * 100,
                    "width": 0.5,
                    "keypointlabels": [name],
                },
                "original_width": image.stated_size[0],
                "original_height": image.stated_size[1],
                "image_rotation": 0,
            }
            for k, (name, point) in enumerate(zip(KEYPOINTS, image.instances[0].points, strict=True))
            if point
        ]
        annotations = [{"id": number, "completed_by": 1, "result": points}]
        data = {"image": f"/data/upload/1/{image.name}", "person": image.subject}
        tasks.append({"id": number, "annotations": annotations, "data": data})
    (folder / "export.json").write_text(json.dumps(tasks))
    return paths


def write_via(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    entries = {}
    for image, path in zip(images, paths, strict=True):
        size = (folder / path).stat().st_size
        regions = [
            {
                "shape_attributes": {"name": "point", "cx": point[0], "cy": point[1]},
                "region_attributes": {"landmark": name, "animal": str(number)},
            }
            for number, instance in enumerate(image.instances)
            for name, point in zip(KEYPOINTS, instance.points, strict=True)
            if point
        ]
        attributes = {"person": image.subject}
        entries[f"{path}{size}"] = {"filename": path, "size": size, "file_attributes": attributes, "regions": regions}
    (folder / "via_export.json").write_text(json.dumps(entries))
    return paths


def write_landmarks(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    rows = [
        [path, image.subject, number, name, *(point[:2] if point else ("", ""))]
        for image, path in zip(images, paths, strict=True)
        for number, instance in enumerate(image.instances)
        for name, point in zip(KEYPOINTS, instance.points, strict=True)
    ]
    write_table(folder / "labels.csv", [["image", "person", "animal", "landmark", "x", "y"], *rows])
    return paths


_PERSON = {"subject": "person"}

FORMATS: dict[str, Format] = {
    "csv": Format(write_csv, {"kind": "csv"}, hidden=True, stated=True),
    "csv, European": Format(write_european_csv, {"kind": "csv"}),
    "deeplabcut": Format(write_deeplabcut, {"kind": "deeplabcut"}, instances=3),
    "coco": Format(write_coco, {"kind": "coco"} | _PERSON, hidden=True, instances=3, stated=True),
    "coco_boxes": Format(write_coco_boxes, {"kind": "coco_boxes"} | _PERSON, instances=3, stated=True, boxes=True),
    "ee641": Format(write_ee641, {"kind": "ee641", "subject": "folder"}, missing=False),
    "label_studio": Format(write_label_studio, {"kind": "label_studio"} | _PERSON, stated=True),
    "via": Format(write_via, {"kind": "via", "instance": "animal"} | _PERSON, instances=3),
    "landmarks": Format(write_landmarks, {"kind": "landmarks", "instance": "animal"} | _PERSON, instances=3),
}
"""A reader may have several; a new reader adds one here."""
