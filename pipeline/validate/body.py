"""Size of the body in each image: the unit in which lengths and speeds are compared."""

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.validate.labels import LabelArrays
from pipeline.validate.robust import nanmedian

# number of labelled frames on each side that are used to estimate an image's scale
_NEIGHBOURS = 2


def segment_lengths(labels: LabelArrays, segments: tuple[tuple[str, str], ...]) -> Float[np.ndarray, "N S"]:
    """Return the length of each segment in each row in original pixels; NaN where an end is not labelled.

    The length is at least a thousandth of a pixel, so that its logarithm is finite.
    """
    columns = [np.linalg.norm(labels.of(a) - labels.of(b), axis=-1) for a, b in segments]
    return np.maximum(np.stack(columns, axis=1), 1e-3) if columns else np.empty((len(labels), 0))


def image_scale(labels: LabelArrays, logs: Float[np.ndarray, "N S"], at_least: int) -> Float[np.ndarray, " N"]:
    """Return the logarithm of each image's scale: the median ratio of its segments to the typical segments.

    Args:
        labels: The labels.
        logs: Logarithms of the segments' lengths, NaN where unknown.
        at_least: Smallest number of segments from which an image's own scale is estimated.

    Returns:
        Logarithms (N,); NaN where neither the image nor its neighbours in the video have enough segments.
    """
    enough = np.isfinite(logs).sum(axis=1) >= at_least
    scale = np.zeros(len(logs))
    for _ in range(2):  # in the second pass the images' scales are removed before the typical lengths are taken
        typical = nanmedian(logs - np.nan_to_num(scale)[:, None], axis=0)
        scale = _smooth(labels, np.where(enough, nanmedian(logs - typical, axis=1), np.nan))
    return scale


def body_length(labels: LabelArrays) -> Float[np.ndarray, " N"]:
    """Return the length of a typical skeleton segment in each image in pixels, or the box's side without a skeleton."""
    box = np.sqrt(np.maximum(labels.boxes[:, 2], 1) * np.maximum(labels.boxes[:, 3], 1))
    if not labels.problem.skeleton:
        return box
    logs = np.log(segment_lengths(labels, labels.problem.skeleton))
    scale = image_scale(labels, logs, at_least=1)
    length = np.exp(scale + nanmedian(logs - scale[:, None]))
    return np.where(np.isfinite(length), np.maximum(length, 1.0), box)


def _smooth(labels: LabelArrays, scale: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """Return each scale's median with its neighbours in the video, since one wrong segment of few distorts a scale."""
    smooth = scale.copy()
    for rows in labels.tracks:
        padded = np.pad(scale[rows], _NEIGHBOURS, constant_values=np.nan)
        smooth[rows] = nanmedian(sliding_window_view(padded, 2 * _NEIGHBOURS + 1), axis=1)
    return smooth
