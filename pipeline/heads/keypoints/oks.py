"""COCO's average precision of keypoints, by object keypoint similarity with the problem's own sigmas."""

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.scoring.coco import average_precision, evaluate_coco


def oks_precision(
    images: Shaped[np.ndarray, "N"],
    truth: Float[np.ndarray, "N K 2"],
    boxes: Float[np.ndarray, "N 4"],
    predicted: Float[np.ndarray, "N K 2"],
    scores: Float[np.ndarray, "N"],
    sigmas: list[float],
) -> dict[str, float]:
    """`oks_ap` (mean over OKS 0.50:0.05:0.95), `oks_ap50`, `oks_ap75`; NaN where no instance is labelled.

    Args:
        images: Name of the image that each instance is in.
        truth: Original pixels; NaN where not labelled.
        boxes: True x, y, width, height, whose area is the instance's size in OKS; original pixels.
        predicted: Original pixels.
        scores: By which the predictions are ranked: the mean confidence.
        sigmas: Falloff of each keypoint.
    """
    names = list(dict.fromkeys(images))
    number = {name: place for place, name in enumerate(names)}
    at = [{"image_id": number[name], "category_id": 0} for name in images]
    labelled = np.isfinite(truth).all(axis=2)
    true = [
        entry | {"bbox": box.tolist(), "keypoints": _triples(points, there), "num_keypoints": int(there.sum())}
        for entry, box, points, there in zip(at, boxes, np.nan_to_num(truth), labelled, strict=True)
    ]
    everywhere = np.ones(len(sigmas), bool)
    answers = [
        entry | {"keypoints": _triples(points, everywhere), "score": float(score)}
        for entry, points, score in zip(at, predicted, scores, strict=True)
    ]
    evaluation = evaluate_coco(true, answers, len(names), sigmas=np.array(sigmas))
    return {f"oks_{name}": value for name, value in average_precision(evaluation).items()}


def _triples(points: Float[np.ndarray, "K 2"], labelled: Float[np.ndarray, "K"]) -> list[float]:
    """COCO's x, y and visibility of each point."""
    return [float(value) for value in np.column_stack([points, 2 * labelled]).ravel()]
