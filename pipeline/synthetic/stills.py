"""Write a generator's images as files (PNG, NIfTI) with their labels."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from heelstrike.files import write_aside
from heelstrike.progress import progress
from pipeline.synthetic import ankle, footprint, scout, shapes, stickfigure
from pipeline.synthetic.nifti import nifti
from pipeline.synthetic.settings import SyntheticSource


def _png(image: UInt8[np.ndarray, "H W 3"]) -> bytes:
    return bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())


@dataclass(frozen=True)
class Still:
    """A drawn image with its labels, before it is written.

    Attributes:
        name: Path of its file below the source's folder.
        image: RGB image, or a scanner's pixel values.
        labels: Labels in the form that the generator's `write` takes.
        encode: Function from the image to its file's content.
    """

    name: str
    image: np.ndarray
    labels: dict[str, Any]
    encode: Callable[[np.ndarray], bytes] = _png


@dataclass(frozen=True)
class Stills:
    """A source of images.

    Attributes:
        make: Makes the image of (settings, index).
        count: Number of images of the settings.
        write: Writes the labels of all images into a folder and returns the label file's path.
        read_as: Settings of a source of files (pipeline/collect) that read the label file.
    """

    make: Callable[[SyntheticSource, int], Still]
    count: Callable[[SyntheticSource], int]
    write: Callable[[list[Still], Path], Path]
    read_as: dict[str, Any]


def _images_of_all_people(settings: SyntheticSource) -> int:
    return settings.subjects * settings.frames_per_subject


def _ankle(settings: SyntheticSource, index: int) -> Still:
    person, number = divmod(index, settings.frames_per_subject)
    photograph = ankle.photograph(settings, person, index)
    name = f"images/contributor_{person:04d}/{number:04d}.png"
    labels = {
        "image": name,
        "subject": f"contributor_{person:04d}",
        "class": photograph.category,
        "tone": photograph.tone,
    }
    return Still(name, photograph.image, labels)


def _footprint(settings: SyntheticSource, index: int) -> Still:
    person, number = divmod(index, settings.frames_per_subject)
    drawn = footprint.draw_print(settings, person, number)
    name = f"images/person_{person:04d}/{number:02d}.png"
    points = {
        f"{name}_{axis}": "" if np.isnan(value) else f"{value:.3f}"
        for name, point in zip(footprint.KEYPOINTS, drawn.points, strict=True)
        for axis, value in zip("xy", point, strict=True)
    }
    about = {"image": name, "subject": f"person_{person:04d}", "mm_per_px": f"{drawn.mm_per_px:.6f}"}
    return Still(name, drawn.image, about | points | drawn.slices)


def _scout(settings: SyntheticSource, index: int) -> Still:
    person, number = divmod(index, settings.frames_per_subject)
    exam, plane = number // len(scout.PLANES), scout.PLANES[number % len(scout.PLANES)]
    cut = scout.cut(settings, person, exam, plane)
    name = f"images/head_{person:04d}/exam_{exam:02d}/{plane}.nii"
    about = {"image": name, "subject": f"head_{person:04d}", "exam": f"exam_{exam:02d}", "plane": plane}
    rows = [about | {"landmark": n, "x": f"{x:.3f}", "y": f"{y:.3f}"} for n, (x, y) in cut.points.items()]
    return Still(name, cut.values, {"rows": rows}, partial(nifti, placement=cut.placement, slice_mm=cut.slice_mm))


def _stickfigure(sides: bool, settings: SyntheticSource, index: int) -> Still:
    image, points = stickfigure.picture(settings, index, sides)
    name = f"images/{index:06d}.png"
    labels: dict[str, Any] = {"image": name}
    for keypoint, (x, y) in zip(stickfigure.KEYPOINTS, points, strict=True):
        labels |= {f"{keypoint}_x": f"{x:g}", f"{keypoint}_y": f"{y:g}"}
    return Still(name, image, labels)


def _write_csv(stills: list[Still], folder: Path) -> Path:
    path = folder / "labels.csv"
    with write_aside(path) as aside, aside.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(stills[0].labels), lineterminator="\n")
        writer.writeheader()
        writer.writerows(still.labels for still in stills)
    return path


def _write_points(stills: list[Still], folder: Path) -> Path:
    """Write labels.csv with one row per point."""
    path = folder / "labels.csv"
    rows = [row for still in stills for row in still.labels["rows"]]
    with write_aside(path) as aside, aside.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _shapes(settings: SyntheticSource, index: int) -> Still:
    image, objects = shapes.picture(settings, index)
    return Still(f"images/{index:06d}.png", image, {"objects": objects, "size": image.shape[1::-1]})


def _write_coco(stills: list[Still], folder: Path) -> Path:
    """Write annotations.json in the form of the course's data set: boxes as corners, category ids from 0."""
    annotations: list[dict[str, Any]] = []
    for number, still in enumerate(stills):
        for category, corners, visible in still.labels["objects"]:
            area = (corners[2] - corners[0]) * (corners[3] - corners[1])
            about = {"category_id": category, "bbox": list(corners), "area": area, "visibility": round(visible, 4)}
            annotations.append({"id": len(annotations), "image_id": number, **about})
    images = [
        {"id": number, "file_name": still.name, "width": still.labels["size"][0], "height": still.labels["size"][1]}
        for number, still in enumerate(stills)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(shapes.CLASSES)]
    path = folder / "annotations.json"
    with write_aside(path) as aside:
        aside.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def _figures(sides: bool) -> Stills:
    read_as = {"kind": "csv", "file": "image", "frame": None, "subject": "image"}
    return Stills(partial(_stickfigure, sides), lambda settings: settings.subjects, _write_csv, read_as)


STILLS: dict[str, Stills] = {
    "ankle": Stills(
        _ankle,
        _images_of_all_people,
        _write_csv,
        {"kind": "csv", "file": "image", "frame": None},
    ),
    "footprint": Stills(
        _footprint,
        _images_of_all_people,
        _write_csv,
        {"kind": "csv", "file": "image", "frame": None},
    ),
    "scout": Stills(
        _scout,
        _images_of_all_people,
        _write_points,
        {"kind": "landmarks", "subject": "subject", "exam": "exam", "slices": ("plane",)},
    ),
    "shapes": Stills(
        _shapes, lambda settings: settings.subjects, _write_coco, {"kind": "coco_boxes", "format": "xyxy"}
    ),
    "stickfigure": _figures(sides=False),
    "stickfigure_sides": _figures(sides=True),
}


def generate(settings: SyntheticSource, folder: Path) -> Path:
    """Draw the source's images into a folder and write their labels.

    Args:
        settings: Settings of the source; `generator` is one of STILLS.
        folder: Folder to write to; it is kept across runs and belongs to these settings alone.

    Returns:
        Path of the label file.
    """
    stills = list(_write_images(STILLS[settings.generator], settings, folder))
    return STILLS[settings.generator].write(stills, folder)


def _write_images(source: Stills, settings: SyntheticSource, folder: Path) -> Iterator[Still]:
    """Write the image files; yield each image with its labels but without its pixels."""
    count = source.count(settings)
    with progress("draw pictures", count) as bar:
        for index in range(count):
            still = source.make(settings, index)
            with write_aside(folder / still.name) as aside:
                aside.write_bytes(still.encode(still.image))
            yield Still(still.name, still.image[:0, :0], still.labels)
            if (index + 1) % 20 == 0 or index + 1 == count:
                bar.advance(index + 1 - bar.done)
