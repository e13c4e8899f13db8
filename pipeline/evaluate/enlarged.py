"""How radii grow where the network's input enlarges the picture, because the keypoints are few pixels apart in it.

A package that looks for keypoints at every size (`package.zoom`) enlarges small views. The validation images are made
as coarse as such views, by shrinking and enlarging them, and the growth of the radii is fitted on what the network then
predicts, with the same promise as the radii themselves.
"""

import cv2
import numpy as np
from jaxtyping import Int, Shaped, UInt8

from heelstrike.measure.radii import Radii
from pipeline.evaluate.conformal import subject_quantile
from pipeline.heads import HEADS
from pipeline.models.inference import predict_arrays
from pipeline.models.network import Network
from pipeline.scoring.cases import Truth
from pipeline.scoring.metrics import distances

_SCALES = (1.5, 2.0, 3.0, 4.0)  # input pixels per pixel of a view; a coarser view is not measured
_EACH = 4  # images of a subject, whose frames resemble each other
_KEYPOINTS, _CONFIDENCE = next(head.outputs for head in HEADS.values() if head.keypoints)


def with_growth(radii: Radii, network: Network, truth: Truth, pixels: UInt8[np.ndarray, "N H W C"]) -> Radii:
    """Add the factors by which radii grow with the enlargement; they never fall below 1 or with the scale.

    Args:
        radii: Radii that were fitted on the same images.
        network: The network.
        truth: The validation split.
        pixels: Its images, at the network's input size.

    Returns:
        The radii; without growth if they have no limit themselves.
    """
    rows = _few_of_each(truth.subjects)
    labels, subjects_of_rows = truth.keypoints[rows], truth.subjects[rows]
    factors = np.array([np.inf if factor is None else factor for factor in radii.factors])
    knots, largest = list[tuple[float, float]](), 1.0
    for scale in _SCALES:
        predicted = predict_arrays(network, coarse(pixels[rows], scale))
        error = distances(predicted[_KEYPOINTS].astype(np.float64), labels, truth.labelled[rows])
        known = np.isfinite(error) & np.isfinite(factors)
        subjects = np.repeat(subjects_of_rows[:, None], error.shape[1], axis=1)
        growth = subject_quantile((error / radii.of(predicted[_CONFIDENCE]))[known], subjects[known], radii.level)
        if not np.isfinite(growth):
            break
        largest = max(largest, float(f"{growth:.4g}"))
        knots.append((scale, largest))
    return radii.model_copy(update={"enlarged": tuple(knots)})


def _few_of_each(subjects: Shaped[np.ndarray, " N"]) -> Int[np.ndarray, " M"]:
    """Return the rows of at most `_EACH` images of each subject, spread over them."""
    rows = [np.flatnonzero(subjects == subject) for subject in np.unique(subjects)]
    spread = [own[np.unique(np.linspace(0, len(own) - 1, min(_EACH, len(own))).round().astype(int))] for own in rows]
    return np.sort(np.concatenate(spread))


def coarse(pixels: UInt8[np.ndarray, "N H W C"], scale: float) -> UInt8[np.ndarray, "N H W C"]:
    """Return images as they look if they are enlarged `scale` times from a smaller picture."""
    height, width = pixels.shape[1:3]
    small = (round(width / scale), round(height / scale))
    shown = [
        cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height)).reshape(image.shape)
        for image in pixels
    ]
    return np.stack(shown).astype(np.uint8)
