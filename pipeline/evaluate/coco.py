"""Average precision of boxes and keypoints by pycocotools, with the problem's own sigmas."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from heelstrike.errors import UserError


def average_precision(
    truth: Path,
    images: list[str],
    keypoints: Float[np.ndarray, "N K 2"] | None,
    boxes: Float[np.ndarray, "N 4"] | None,
    scores: Float[np.ndarray, "N"],
    sigmas: list[float],
) -> dict[str, dict[str, float]]:
    """AP (mean over IoU or OKS 0.50:0.05:0.95), AP50 and AP75 of one prediction per image.

    Args:
        truth: COCO keypoint JSON of the split.
        images: `file_name` of each predicted image in that file.
        keypoints: Predicted, original pixels; none: no keypoint head.
        boxes: Predicted (x, y, width, height), original pixels; none: no box head.
        scores: By which predictions are ranked, for instance the mean confidence.
        sigmas: Falloff of each keypoint in OKS.

    Returns:
        `box` and `keypoints`, those that were predicted, each with `ap`, `ap50`, `ap75`; NaN where the truth has no
        instance.

    Raises:
        UserError: The file is missing or has no entry for one of the images.
    """
    if not truth.is_file():
        raise UserError(f"{truth}: not there; run the split stage first")
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints tables
        coco = COCO(str(truth))
        entries = _entries(coco, truth, images, scores)
        found = {}
        if boxes is not None:
            predicted = [entry | {"bbox": box.tolist()} for entry, box in zip(entries, boxes, strict=True)]
            found["box"] = _stats(coco, predicted, "bbox", None)
        if keypoints is not None:
            triples = np.concatenate([keypoints, np.full((*keypoints.shape[:2], 1), 2.0)], axis=2)
            predicted = [entry | {"keypoints": t.ravel().tolist()} for entry, t in zip(entries, triples, strict=True)]
            found["keypoints"] = _stats(coco, predicted, "keypoints", np.array(sigmas))
        return found


def _entries(coco: COCO, truth: Path, images: list[str], scores: Float[np.ndarray, "N"]) -> list[dict[str, Any]]:
    """What a box and the keypoints of an image have in common in COCO's result format."""
    number = {entry["file_name"]: entry["id"] for entry in coco.dataset["images"]}
    unknown = sorted({name for name in images if name not in number})
    if unknown:
        raise UserError(f"{truth}: no image entry for {', '.join(unknown[:5])}; run the split and prepare stages again")
    category = coco.getCatIds()[0]
    return [
        {"image_id": number[name], "category_id": category, "score": float(score)}
        for name, score in zip(images, scores, strict=True)
    ]


def _stats(
    coco: COCO, predicted: list[dict[str, Any]], kind: str, sigmas: Float[np.ndarray, "K"] | None
) -> dict[str, float]:
    evaluation = COCOeval(coco, coco.loadRes(predicted), kind)
    if sigmas is not None:
        evaluation.params.kpt_oks_sigmas = sigmas
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {
        name: float(value) if value >= 0 else float("nan")  # -1: nothing to find
        for name, value in zip(("ap", "ap50", "ap75"), evaluation.stats[:3], strict=True)
    }
