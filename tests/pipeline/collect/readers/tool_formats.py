"""Writers of the formats of annotation tools, for the round trip of random labels."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import h5py
import numpy as np
import yaml

from tests.pipeline.collect.readers.formats import Format, Images, by_subject, in_one_folder, save, write_table
from tests.pipeline.collect.readers.label_sets import KEYPOINTS, LabelledImage


def write_labelme(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    for image, path in zip(images, paths, strict=True):
        shapes = [
            {
                "label": name,
                "points": [[image.labelled(point[0]), image.labelled(point[1])]],
                "group_id": number if len(image.instances) > 1 else None,
                "shape_type": "point",
                "flags": {},
            }
            for number, instance in enumerate(image.instances)
            for name, point in zip(KEYPOINTS, instance.points, strict=True)
            if point
        ]
        width, height = image.stated_size
        data = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": path, "imageData": None}
        data |= {"imageWidth": width, "imageHeight": height, "person": image.subject}
        (folder / f"{Path(path).stem}.json").write_text(json.dumps(data))
    return paths


def write_cvat(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, lambda image: f"images/{image.name}")
    root = Element("annotations")
    for number, image in enumerate(images):
        width, height = map(str, image.stated_size)
        entry = SubElement(root, "image", id=str(number), name=image.name, width=width, height=height)
        SubElement(SubElement(entry, "tag", label="photograph"), "attribute", name="person").text = image.subject
        for instance in image.instances:
            skeleton = SubElement(entry, "skeleton", label="foot", source="manual", z_order="0")
            for name, point in zip(KEYPOINTS, instance.points, strict=True):
                x, y, visibility = point or (0, 0, 0)
                about = {"outside": str(int(not point)), "occluded": str(int(visibility == 1))}
                text = f"{image.labelled(x)},{image.labelled(y)}"
                SubElement(skeleton, "points", {"label": name, "points": text, **about})
    (folder / "annotations.xml").write_bytes(ElementTree.tostring(root, encoding="utf-8"))
    return paths


FRAMES = [
    ("frame_id", "u8"),
    ("video", "u4"),
    ("frame_idx", "u8"),
    ("instance_id_start", "u8"),
    ("instance_id_end", "u8"),
]
INSTANCES = [
    ("instance_id", "i8"),
    ("instance_type", "u1"),
    ("frame_id", "u8"),
    ("skeleton", "u4"),
    ("track", "i4"),
    ("from_predicted", "i8"),
    ("score", "f4"),
    ("point_id_start", "u8"),
    ("point_id_end", "u8"),
    ("tracking_score", "f4"),
]
POINTS = [("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")]


def sleap_metadata(nodes: tuple[str, ...]) -> dict[str, Any]:
    """Return SLEAP's metadata of one skeleton, whose nodes stand in reverse order in the list of all nodes."""
    listed = [{"name": name, "weight": 1.0} for name in reversed(nodes)]
    numbers = [{"id": len(nodes) - 1 - n} for n in range(len(nodes))]
    graph = {"directed": True, "graph": {"name": "Skeleton-0"}, "links": [], "multigraph": True, "nodes": numbers}
    return {"version": "2.0.0", "skeletons": [graph], "nodes": listed, "videos": [], "tracks": []}


def write_sleap(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, in_one_folder)
    frames, instances, points, videos = [], list[Any](), list[Any](), []
    for number, (image, path) in enumerate(zip(images, paths, strict=True)):
        width, height = image.stated_size
        videos.append({"backend": {"filename": path, "filenames": [path], "shape": [1, height, width, 3]}})
        start = len(instances)
        for instance in image.instances:
            first = len(points)
            for point in instance.points:
                x, y, _ = point or (np.nan, np.nan, 0)
                points.append((image.labelled(x), image.labelled(y), point is not None, True))
            instances.append((len(instances), 0, number, 0, number, -1, 0, first, len(points), 0))
        frames.append((number, number, 0, start, len(instances)))
    with h5py.File(folder / "labels.slp", "w") as file:
        file.create_group("metadata").attrs["format_id"] = 1.2
        file["metadata"].attrs["json"] = np.bytes_(json.dumps(sleap_metadata(KEYPOINTS)))
        file["videos_json"] = [np.bytes_(json.dumps(video)) for video in videos]
        file["tracks_json"] = [np.bytes_(json.dumps([0, image.subject])) for image in images]
        file["frames"], file["instances"] = np.array(frames, FRAMES), np.array(instances, INSTANCES)
        file["points"], file["pred_points"] = np.array(points, POINTS), np.array([], [*POINTS, ("score", "f8")])
    return paths


def write_lightning_pose(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, by_subject)
    columns = [(name, axis) for name in KEYPOINTS for axis in ("x", "y", "likelihood")]
    rows: list[list[Any]] = [
        ["scorer", *["heatmap_tracker"] * len(columns), "set"],
        ["bodyparts", *(name for name, _ in columns), ""],
        ["coords", *(axis for _, axis in columns), ""],
    ]
    for image, path in zip(images, paths, strict=True):
        cells = [cell for point in image.instances[0].points for cell in ((*point[:2], 0.97) if point else (1, 1, 0.2))]
        rows.append([path, *cells, "train"])
    write_table(folder / "predictions.csv", rows)
    return paths


def write_yolo_pose(images: Images, folder: Path) -> list[str]:
    paths = save(images, folder, lambda image: f"images/train/{image.subject}/{image.name}")
    for image, path in zip(images, paths, strict=True):
        labels = (folder / path.replace("images/train", "labels/train", 1)).with_suffix(".txt")
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text("\n".join(_yolo_line(image, n) for n in range(len(image.instances))))
    data = {"train": "images/train", "kpt_shape": [3, 3], "names": {0: "foot"}, "kpt_names": {0: list(KEYPOINTS)}}
    (folder / "data.yaml").write_text(yaml.safe_dump(data))
    return paths


def _yolo_line(image: LabelledImage, number: int) -> str:
    points = [point or (0, 0, 0) for point in image.instances[number].points]
    shares = [f"{x / image.width:.8f} {y / image.height:.8f} {visibility}" for x, y, visibility in points]
    return " ".join(["0 0.5 0.5 1 1", *shares])


_PERSON = {"subject": "person"}

TOOL_FORMATS: dict[str, Format] = {
    "labelme": Format(write_labelme, {"kind": "labelme"} | _PERSON, instances=3, stated=True),
    "cvat": Format(write_cvat, {"kind": "cvat"} | _PERSON, hidden=True, instances=3, stated=True),
    "sleap": Format(write_sleap, {"kind": "sleap", "subject": "track"}, instances=3, stated=True),
    "lightning_pose": Format(
        write_lightning_pose, {"kind": "lightning_pose", "labels": "**/predictions.csv", "subject": "folder"}
    ),
    "yolo_pose": Format(write_yolo_pose, {"kind": "yolo_pose", "subject": "folder"}, hidden=True, instances=3),
}
