"""COCO's average precision of any number of instances in an image."""

import numpy as np
from jaxtyping import Float
from pycocotools.cocoeval import COCOeval

from pipeline.scoring.coco import Entry, average_precision, evaluate_coco, known

Objects = Float[np.ndarray, "D C"]
"""x, y, width, height, class and, of predictions, score of each instance in an image."""

_SIZES = ("small", "medium", "large")  # COCO's: areas below 32x32, below 96x96, above
_MOST = 100  # instances of an image that are evaluated


def evaluated(true: list[Objects], predicted: list[Objects], classes: int) -> COCOeval | None:
    """Pycocotools' evaluation of boxes; `None` where no instance is labelled.

    Args:
        true: True instances of each image.
        predicted: Predicted instances of the same images.
        classes: Number of classes.
    """
    predictions = [
        entry | {"score": float(row[5])} for entry, row in zip(_entries(predicted), _rows(predicted), strict=True)
    ]
    return evaluate_coco(_entries(true), predictions, len(true), range(classes))


def detection_precision(true: list[Objects], predicted: list[Objects], classes: int) -> dict[str, float]:
    """`ap` (mean over IoU 0.50:0.05:0.95), `ap50`, `ap75`, `ap_small`, `ap_medium`, `ap_large`, `ar`.

    NaN if no instance is labelled. `ar` is the recall of 100 predictions per image, mean over the same IoUs.
    """
    names = (*(f"ap_{size}" for size in _SIZES), "ar")
    evaluation = evaluated(true, predicted, classes)
    if evaluation is None:
        return average_precision(None) | dict.fromkeys(names, float("nan"))
    values = (*evaluation.stats[3:6], evaluation.stats[8])
    return average_precision(evaluation) | {name: known(v) for name, v in zip(names, values, strict=True)}


def class_precision(true: list[Objects], predicted: list[Objects], classes: int) -> list[dict[str, float]]:
    """`ap` and `ap50` of each class."""
    evaluation = evaluated(true, predicted, classes)
    if evaluation is None:
        return [{"ap": float("nan"), "ap50": float("nan")} for _ in range(classes)]
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # IoU, recall, class
    tables = [precision[:, :, category] for category in range(classes)]
    return [{"ap": _mean(table), "ap50": _mean(table[:1])} for table in tables]


def _rows(images: list[Objects]) -> list[Float[np.ndarray, "C"]]:
    return [row for objects in images for row in objects[:_MOST]]


def _entries(images: list[Objects]) -> list[Entry]:
    return [
        {"image_id": number, "category_id": int(row[4]), "bbox": [float(v) for v in row[:4]]}
        for number, objects in enumerate(images)
        for row in objects[:_MOST]
    ]


def _mean(precision: Float[np.ndarray, "*any"]) -> float:
    valid = precision[precision > -1]
    return float(valid.mean()) if valid.size else float("nan")
