"""COCO's average precision by pycocotools, in memory."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Entry = dict[str, Any]
"""An instance in COCO's format: `image_id`, `category_id`, `bbox` and, if they are evaluated, `keypoints`."""


def evaluate_coco(
    truth: list[Entry],
    predictions: list[Entry],
    images: int,
    categories: Sequence[int] = (0,),
    sigmas: Float[np.ndarray, " K"] | None = None,
) -> COCOeval | None:
    """Pycocotools' evaluation, summarised; `None` where no instance is labelled.

    Args:
        truth: Labelled instances; the area of an instance is that of its box.
        predictions: Predicted instances, each with a `score`.
        images: Number of images; image ids count from 0.
        categories: Ids of the evaluated categories.
        sigmas: Falloff of each keypoint in OKS, to evaluate keypoints; `None` evaluates boxes, by IoU.
    """
    if not truth:
        return None
    labelled = [
        {"id": number, "area": entry["bbox"][2] * entry["bbox"][3], "iscrowd": 0, **entry}
        for number, entry in enumerate(truth, start=1)
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints tables
        coco = COCO()
        coco.dataset = {
            "images": [{"id": number} for number in range(images)],
            "categories": [{"id": number, "name": str(number)} for number in categories],
            "annotations": labelled,
        }
        coco.createIndex()
        results = coco.loadRes(predictions) if predictions else COCO()
        evaluation = COCOeval(coco, results, "bbox" if sigmas is None else "keypoints")
        evaluation.params.imgIds, evaluation.params.catIds = list(range(images)), list(categories)
        if sigmas is not None:
            evaluation.params.kpt_oks_sigmas = sigmas
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def average_precision(evaluation: COCOeval | None) -> dict[str, float]:
    """`ap` (mean over IoU or OKS 0.50:0.05:0.95), `ap50` and `ap75`; NaN where no instance is labelled."""
    names = ("ap", "ap50", "ap75")
    if evaluation is None:
        return dict.fromkeys(names, float("nan"))
    return {name: known(value) for name, value in zip(names, evaluation.stats[:3], strict=True)}


def known(value: float) -> float:
    """A number of pycocotools, whose -1 (no instance is labelled) becomes NaN."""
    return float(value) if value >= 0 else float("nan")
