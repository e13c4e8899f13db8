"""COCO's average precision of one box per instance."""

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.scoring.coco import average_precision, evaluate_coco


def box_precision(
    images: Shaped[np.ndarray, "N"],
    truth: Float[np.ndarray, "N 4"],
    predicted: Float[np.ndarray, "N 4"],
    scores: Float[np.ndarray, "N"],
) -> dict[str, float]:
    """`ap` (mean over IoU 0.50:0.05:0.95), `ap50`, `ap75`; NaN where no instance is labelled.

    Args:
        images: Name of the image that each instance is in.
        truth: x, y, width, height; original pixels.
        predicted: The same.
        scores: By which the predictions are ranked, for instance the mean confidence.
    """
    names = list(dict.fromkeys(images))
    number = {name: place for place, name in enumerate(names)}
    at = [{"image_id": number[name], "category_id": 0} for name in images]
    labelled = [entry | {"bbox": box.tolist()} for entry, box in zip(at, truth, strict=True)]
    answers = [
        entry | {"bbox": box.tolist(), "score": float(score)}
        for entry, box, score in zip(at, predicted, scores, strict=True)
    ]
    return average_precision(evaluate_coco(labelled, answers, len(names)))
