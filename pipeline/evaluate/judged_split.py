"""The current test split: its original images and their truth."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.annotations import FIRST_CATEGORY, exam_names, placement_of
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.prepare.labelled import Labelled, labelled_image
from pipeline.scoring.case_table import Cases


@dataclass(frozen=True)
class JudgedSplit:
    """N labelled instances in their original images, or N images with all their instances.

    Attributes:
        images: Paths of the original image of each case.
        cases: The truth of each case, without predictions; `scale` is NaN, as it depends on the images.
        digest: SHA-256 of the split's file.
    """

    images: tuple[Labelled, ...]
    cases: Cases
    digest: str


def read_judged_split(layout: Layout, params: ProblemParams) -> JudgedSplit:
    """Read the test split's COCO file.

    Raises:
        UserError: The file is missing, empty, or of another problem.
    """
    path, problem = layout.out("split") / "test.json", params.problem
    try:
        data = json.loads(path.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise UserError(f"{path}: not a readable test split ({error}); run the split stage") from error
    if not data["annotations"]:
        raise UserError(
            f"{path}: no labelled image in it, so nothing can be evaluated; add subjects or raise split.test"
        )
    of_image: dict[int, list[Any]] = {}
    for annotation in data["annotations"]:
        of_image.setdefault(annotation["image_id"], []).append(annotation)
    annotations = [same[0] for same in of_image.values()] if problem.multi_instance else data["annotations"]
    images = {image["id"]: image for image in data["images"]}
    entries = [images[a["image_id"]] for a in annotations]
    truth: dict[str, np.ndarray] = {
        "keypoints": _keypoints(annotations, len(problem.keypoints), path),
        "boxes": np.array([a.get("bbox", [np.nan] * 4) for a in annotations], np.float64),
        "classes": np.array([_class_of(a) for a in annotations], np.int64),
    }
    if problem.multi_instance:
        truth["objects"] = _objects([of_image[entry["id"]] for entry in entries])
    names = sorted({name for entry in entries for name in entry.get("slices", {})})
    table = pd.DataFrame(entries)
    cases = Cases(
        images=np.array([entry["file_name"] for entry in entries]),
        subjects=np.array([str(entry["subject"]) for entry in entries]),
        slices={name: np.array([str(e.get("slices", {}).get(name, "")) for e in entries]) for name in names},
        scale=np.full(len(entries), np.nan),
        mm_per_px=np.array([e.get("mm_per_px") for e in entries], np.float64),
        exams=exam_names(table),
        placement=placement_of(table),
        truth=truth,
        answers={},
        threshold=params.package.confidence,
    )
    files = (labelled_image(layout, e["file_name"], e.get("video", ""), e.get("frame", -1)) for e in entries)
    return JudgedSplit(tuple(files), cases, file_digest(path))


def _keypoints(annotations: list[Any], count: int, path: Path) -> Float[np.ndarray, "N K 2"]:
    """True points, NaN where not labelled."""
    wrong = {len(a["keypoints"]) for a in annotations} - {3 * count}
    if wrong:
        raise UserError(f"{path}: expected {count} keypoints (x, y, v) each, found {sorted(wrong)} values")
    values = np.array([a["keypoints"] for a in annotations], np.float64).reshape(len(annotations), count, 3)
    return np.where(values[..., 2:] > 0, values[..., :2], np.nan)


def _objects(images: list[list[Any]]) -> Float[np.ndarray, "N M 5"]:
    """Box and class of all instances of each image, NaN beyond the last."""
    objects = np.full((len(images), max(map(len, images)), 5), np.nan)
    for row, annotations in enumerate(images):
        objects[row, : len(annotations)] = [[*a["bbox"], _class_of(a)] for a in annotations]
    return objects


def _class_of(annotation: dict[str, Any]) -> int:
    return int(annotation.get("category_id", FIRST_CATEGORY)) - FIRST_CATEGORY
