"""How far people who label the same points are apart, and how far the model is from the label there."""

import numpy as np
from jaxtyping import Float

from pipeline.scoring.cases import Truth
from pipeline.scoring.score import Groups


def observer_groups(truth: Truth, distance: Float[np.ndarray, "N K"]) -> Groups:
    """Return the group `observers`, or nothing if no point was labelled by several people.

    `model_to_observers` below 1 means that the model is nearer to the label than one person is to another.

    Args:
        truth: The split, with the mean distance between the people at each point.
        distance: Distance of the predicted point to its label in original pixels; NaN where there is no label.
    """
    if truth.observers is None:
        return {}
    people = np.where(truth.labelled, truth.observers, np.nan)
    model = np.where(np.isfinite(people), distance, np.nan)
    size = truth.mm_per_px[:, None]
    numbers: dict[str, float] = {}
    for unit, between_people, from_label in (("px", people, model), ("mm", people * size, model * size)):
        if np.isfinite(between_people).any():
            numbers |= {
                f"mean_distance_{unit}": float(np.nanmean(between_people)),
                f"median_distance_{unit}": float(np.nanmedian(between_people)),
                f"model_mean_distance_{unit}": float(np.nanmean(from_label)),
                f"model_median_distance_{unit}": float(np.nanmedian(from_label)),
            }
    if not numbers:
        return {}
    numbers["model_to_observers"] = numbers["model_mean_distance_px"] / numbers["mean_distance_px"]
    return {"observers": numbers | {"points": int(np.isfinite(people).sum())}}
