"""COCO's average precision of any number of instances in an image, by pycocotools, in memory."""

import contextlib
import io
from typing import Any

import numpy as np
from jaxtyping import Float
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Objects = Float[np.ndarray, "D C"]
"""x, y, width, height, class and, of predictions, score of each instance in an image."""

_SIZES = ("small", "medium", "large")  # COCO's: areas below 32x32, below 96x96, above
_MOST = 100


def evaluated(true: list[Objects], found: list[Objects], kinds: int) -> COCOeval | None:
    """Pycocotools' evaluation of boxes; nothing where no instance is labelled.

    Args:
        true: Of each image.
        found: Of the same images.
        kinds: Number of classes.
    """
    if not any(map(len, true)):
        return None
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints tables
        coco = COCO()
        coco.dataset = {
            "images": [{"id": number} for number in range(len(true))],
            "categories": [{"id": kind, "name": str(kind)} for kind in range(kinds)],
            "annotations": [
                {"id": n, "area": entry["bbox"][2] * entry["bbox"][3], "iscrowd": 0, **entry}
                for n, entry in enumerate(_entries(true), start=1)
            ],
        }
        coco.createIndex()
        answers = [entry | {"score": float(row[5])} for entry, row in zip(_entries(found), _rows(found), strict=True)]
        evaluation = COCOeval(coco, coco.loadRes(answers) if answers else COCO(), "bbox")
        evaluation.params.imgIds, evaluation.params.catIds = list(range(len(true))), list(range(kinds))
        evaluation.evaluate()
        evaluation.accumulate()
        return evaluation


def detection_precision(true: list[Objects], found: list[Objects], kinds: int) -> dict[str, float]:
    """`ap` (mean over IoU 0.50:0.05:0.95), `ap50`, `ap75`, `ap_small`, `ap_medium`, `ap_large`, `ar`.

    NaN where there is nothing to find. `ar` is the recall of 100 answers an image, mean over the same IoUs.
    """
    names = ("ap", "ap50", "ap75", *(f"ap_{size}" for size in _SIZES), "ar")
    evaluation = evaluated(true, found, kinds)
    if evaluation is None:
        return dict.fromkeys(names, float("nan"))
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.summarize()
    values = (*evaluation.stats[:6], evaluation.stats[8])
    return {name: _number(value) for name, value in zip(names, values, strict=True)}


def class_precision(true: list[Objects], found: list[Objects], kinds: int) -> list[dict[str, float]]:
    """`ap` and `ap50` of each class."""
    evaluation = evaluated(true, found, kinds)
    if evaluation is None:
        return [{"ap": float("nan"), "ap50": float("nan")} for _ in range(kinds)]
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # IoU, recall, class
    tables = [precision[:, :, kind] for kind in range(kinds)]
    return [{"ap": _mean(table), "ap50": _mean(table[:1])} for table in tables]


def _rows(images: list[Objects]) -> list[Float[np.ndarray, "C"]]:
    return [row for objects in images for row in objects[:_MOST]]


def _entries(images: list[Objects]) -> list[dict[str, Any]]:
    return [
        {"image_id": number, "category_id": int(row[4]), "bbox": [float(v) for v in row[:4]]}
        for number, objects in enumerate(images)
        for row in objects[:_MOST]
    ]


def _mean(precision: Float[np.ndarray, "*any"]) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else float("nan")


def _number(value: float) -> float:
    return float(value) if value >= 0 else float("nan")  # -1: nothing to find
