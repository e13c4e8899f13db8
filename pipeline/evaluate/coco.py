"""Average precision of boxes and keypoints by pycocotools, with the problem's own sigmas."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipeline.errors import UserError


def average_precision(
    truth: Path,
    images: list[str],
    keypoints: Float[np.ndarray, "N K 2"],
    boxes: Float[np.ndarray, "N 4"],
    scores: Float[np.ndarray, "N"],
    sigmas: list[float],
) -> dict[str, dict[str, float]]:
    """AP (mean over IoU or OKS 0.50:0.05:0.95), AP50 and AP75 of one prediction per image.

    Args:
        truth: COCO keypoint JSON of the split.
        images: `file_name` of each predicted image in that file.
        keypoints: Predicted, original pixels.
        boxes: Predicted (x, y, width, height), original pixels.
        scores: By which predictions are ranked, for instance the mean confidence.
        sigmas: Falloff of each keypoint in OKS.

    Returns:
        `box` and `keypoints`, each with `ap`, `ap50`, `ap75`; NaN where the truth has no instance.

    Raises:
        UserError: The file is missing or has no entry for one of the images.
    """
    if not truth.is_file():
        raise UserError(f"{truth}: not there; run the split stage first")
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints tables
        coco = COCO(str(truth))
        predictions = coco.loadRes(_as_results(coco, truth, images, keypoints, boxes, scores))
        return {
            "box": _stats(coco, predictions, "bbox", None),
            "keypoints": _stats(coco, predictions, "keypoints", np.array(sigmas)),
        }


def _as_results(
    coco: COCO,
    truth: Path,
    images: list[str],
    keypoints: Float[np.ndarray, "N K 2"],
    boxes: Float[np.ndarray, "N 4"],
    scores: Float[np.ndarray, "N"],
) -> list[dict[str, Any]]:
    number = {entry["file_name"]: entry["id"] for entry in coco.dataset["images"]}
    unknown = sorted({name for name in images if name not in number})
    if unknown:
        raise UserError(f"{truth}: no image entry for {', '.join(unknown[:5])}; run the split and prepare stages again")
    category = coco.getCatIds()[0]
    triples = np.concatenate([keypoints, np.full((*keypoints.shape[:2], 1), 2.0)], axis=2)
    return [
        {
            "image_id": number[name],
            "category_id": category,
            "keypoints": triples[i].reshape(-1).tolist(),
            "bbox": [float(v) for v in boxes[i]],
            "score": float(scores[i]),
        }
        for i, name in enumerate(images)
    ]


def _stats(coco: COCO, predictions: COCO, kind: str, sigmas: Float[np.ndarray, "K"] | None) -> dict[str, float]:
    evaluation = COCOeval(coco, predictions, kind)
    if sigmas is not None:
        evaluation.params.kpt_oks_sigmas = sigmas
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {
        name: float(value) if value >= 0 else float("nan")  # -1: nothing to find
        for name, value in zip(("ap", "ap50", "ap75"), evaluation.stats[:3], strict=True)
    }
