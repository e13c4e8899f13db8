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
        images: Name of each instance's image.
        truth: True points, original pixels; NaN where not labelled.
        boxes: True boxes as x, y, width, height, original pixels; their area is the instance's size in OKS.
        predicted: Predicted points, original pixels.
        scores: Predictions are ranked by these, the mean confidence.
        sigmas: Falloff of each keypoint.
    """
    names = list(dict.fromkeys(images))
    image_ids = {name: image_id for image_id, name in enumerate(names)}
    entries = [{"image_id": image_ids[name], "category_id": 0} for name in images]
    labelled = np.isfinite(truth).all(axis=2)
    true = [
        entry | {"bbox": box.tolist(), "keypoints": _triples(points, mask), "num_keypoints": int(mask.sum())}
        for entry, box, points, mask in zip(entries, boxes, np.nan_to_num(truth), labelled, strict=True)
    ]
    all_points = np.ones(len(sigmas), bool)
    predictions = [
        entry | {"keypoints": _triples(points, all_points), "score": float(score)}
        for entry, points, score in zip(entries, predicted, scores, strict=True)
    ]
    evaluation = evaluate_coco(true, predictions, len(names), sigmas=np.array(sigmas))
    return {f"oks_{name}": value for name, value in average_precision(evaluation).items()}


def _triples(points: Float[np.ndarray, "K 2"], labelled: Float[np.ndarray, "K"]) -> list[float]:
    """COCO's x, y and visibility of each point."""
    return [float(value) for value in np.column_stack([points, 2 * labelled]).ravel()]
