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
        images: Name of each instance's image.
        truth: True boxes as x, y, width, height; original pixels.
        predicted: Predicted boxes in the same form.
        scores: Predictions are ranked by these, for instance the mean confidence.
    """
    names = list(dict.fromkeys(images))
    image_ids = {name: image_id for image_id, name in enumerate(names)}
    entries = [{"image_id": image_ids[name], "category_id": 0} for name in images]
    labelled = [entry | {"bbox": box.tolist()} for entry, box in zip(entries, truth, strict=True)]
    predictions = [
        entry | {"bbox": box.tolist(), "score": float(score)}
        for entry, box, score in zip(entries, predicted, scores, strict=True)
    ]
    return average_precision(evaluate_coco(labelled, predictions, len(names)))
