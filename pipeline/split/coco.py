"""Conversion of the annotation table to COCO JSON with keypoints, boxes and categories."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from pipeline.annotations import (
    BOX_COLUMNS,
    FIRST_CATEGORY,
    NO_CATEGORY,
    SLICE_PREFIX,
    classes_of,
    in_patient_columns,
    keypoints_of,
    observer_columns,
    observers_of,
    slice_columns,
)
from pipeline.problem import Problem

_IMAGE = ("image_id", "image", "width", "height", "subject", "video", "frame", "time_s", "mm_per_px")


def coco(table: pd.DataFrame, problem: Problem) -> dict[str, Any]:
    """Convert rows of the annotation table to COCO keypoint JSON that pycocotools can load.

    The table must have the columns image_id and annotation_id. They number the images and the rows of the whole table
    from 1, so that an image has the same id in every file. Besides COCO's own fields, an image has `subject`, `video`,
    `frame`, `time_s` (null for stills), `mm_per_px` (null if unknown) and `slices`, and, if the table has them, `exam`
    and the columns of the position in the patient (null if unknown). An annotation has its `subject` and, if several
    people labelled it, `observers_px` (column of the annotation table). Its area is the area of its box. An instance
    without a box, of which nothing is labelled, has the box [0, 0, 0, 0]. The categories are the problem's classes in
    their order, or its one category. An instance whose class nobody labelled has `NO_CATEGORY`, which is none of them.

    Raises:
        UserError: An instance of a multi-instance problem has none of the problem's classes.
    """
    return {section: list(entries) for section, entries in _sections(table, problem).items()}


def write_coco(path: Path, table: pd.DataFrame, problem: Problem) -> None:
    """Write what `coco` returns with the bytes of `write_json`, without holding it: it needs far more than the table.

    Raises:
        UserError: As `coco` says.
    """
    with write_aside(path) as aside, aside.open("w") as stream:
        before = "{"
        for section, entries in sorted(_sections(table, problem).items()):
            stream.write(f'{before}\n  "{section}": [')
            empty, before = True, ","
            for entry in entries:
                text = json.dumps(entry, indent=2, sort_keys=True, allow_nan=False).replace("\n", "\n    ")
                stream.write(("" if empty else ",") + "\n    " + text)
                empty = False
            stream.write("]" if empty else "\n  ]")
        stream.write("\n}\n")


def _sections(table: pd.DataFrame, problem: Problem) -> dict[str, Iterable[dict[str, Any]]]:
    categories = _categories(table, problem)
    return {
        "images": _images(table),
        "annotations": _annotations(table, problem, categories),
        "categories": _category_entries(problem),
    }


def _annotations(table: pd.DataFrame, problem: Problem, categories: Int[np.ndarray, " N"]) -> Iterator[dict[str, Any]]:
    xy, visibility = keypoints_of(table, problem.keypoints)
    points = np.concatenate([np.nan_to_num(xy), visibility[..., None]], axis=2).reshape(
        len(table), 3 * len(problem.keypoints)
    )
    boxes = np.nan_to_num(table[BOX_COLUMNS].to_numpy(dtype=np.float64))
    observers = observers_of(table, problem.keypoints) if observer_columns(table, problem.keypoints) else None
    names = ("annotation_id", "image_id", "subject")
    for n, (number, image, subject) in enumerate(zip(*(table[name] for name in names), strict=True)):
        yield {
            "id": number,
            "image_id": image,
            "category_id": int(categories[n]),
            "subject": subject,
            "bbox": boxes[n].tolist(),
            "area": float(boxes[n, 2] * boxes[n, 3]),
            "keypoints": points[n].tolist(),
            "num_keypoints": int((visibility[n] > 0).sum()),
            "iscrowd": 0,
            **(
                {}
                if observers is None
                else {"observers_px": [None if np.isnan(d) else d for d in observers[n].tolist()]}
            ),
        }


def _category_entries(problem: Problem) -> list[dict[str, Any]]:
    names = {name: number for number, name in enumerate(problem.keypoints, start=1)}
    return [
        {
            "id": number,
            "name": name,
            "supercategory": problem.category,
            "keypoints": list(problem.keypoints),
            "skeleton": [[names[a], names[b]] for a, b in problem.skeleton],
        }
        for number, name in enumerate(problem.categories, start=FIRST_CATEGORY)
    ]


def _categories(table: pd.DataFrame, problem: Problem) -> Int[np.ndarray, " N"]:
    if not problem.classes:
        return np.full(len(table), FIRST_CATEGORY)
    classes = classes_of(table, problem.classes)
    if problem.multi_instance and (classes < 0).any():
        sources = table["source"][classes < 0].tolist()
        more = f" and {len(sources) - 20} more" if len(sources) > 20 else ""
        raise UserError(
            f"{', '.join(sources[:20])}{more}: no class, or one that problem.classes does not name; give each instance "
            f"one of {', '.join(problem.classes)}, or remove its labels"
        )
    return np.where(classes < 0, NO_CATEGORY, FIRST_CATEGORY + classes)


def _images(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    slices, patient = slice_columns(table), in_patient_columns(table)
    names = [*_IMAGE, *patient, *slices]
    once = table.loc[~table["image"].duplicated(), names]
    for values in zip(*(once[name] for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        yield {
            "id": row["image_id"],
            "file_name": row["image"],
            "width": row["width"],
            "height": row["height"],
            "subject": row["subject"],
            "video": row["video"],
            "frame": row["frame"],
            "time_s": None if pd.isna(row["time_s"]) else row["time_s"],
            "mm_per_px": None if pd.isna(row["mm_per_px"]) else row["mm_per_px"],
            **{c: None if pd.isna(row[c]) else row[c] for c in patient},
            "slices": {c.removeprefix(SLICE_PREFIX): str(row[c]) for c in slices},
        }
