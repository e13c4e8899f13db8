"""How large the body is in each image: what lengths and speeds are measured by."""

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.validate.labels import LabelArrays
from pipeline.validate.robust import nanmedian

# labelled frames on each side that help to find an image's scale
_NEIGHBOURS = 2


def segment_lengths(labels: LabelArrays, segments: tuple[tuple[str, str], ...]) -> Float[np.ndarray, "N S"]:
    """Length of each segment in each row, original pixels; NaN where an end is not labelled.

    Two points in one place are a thousandth of a pixel apart, so that a logarithm can be taken.
    """
    columns = [np.linalg.norm(labels.of(a) - labels.of(b), axis=-1) for a, b in segments]
    return np.maximum(np.stack(columns, axis=1), 1e-3) if columns else np.empty((len(labels), 0))


def image_scale(labels: LabelArrays, logs: Float[np.ndarray, "N S"], at_least: int) -> Float[np.ndarray, " N"]:
    """Logarithm of each image's scale: what its segments have in common against the typical segments of all images.

    Args:
        labels: The labels.
        logs: Logarithms of the segments' lengths, NaN where unknown.
        at_least: Images with fewer segments say nothing about their scale.

    Returns:
        (N,); NaN where neither an image nor its neighbours in the video tell.
    """
    enough = np.isfinite(logs).sum(axis=1) >= at_least
    scale = np.zeros(len(logs))
    for _ in range(2):  # the second time, the typical proportions are free of the images' scales
        typical = nanmedian(logs - np.nan_to_num(scale)[:, None], axis=0)
        scale = _smooth(labels, np.where(enough, nanmedian(logs - typical, axis=1), np.nan))
    return scale


def body_length(labels: LabelArrays) -> Float[np.ndarray, " N"]:
    """A length in pixels that grows and shrinks with the body: the typical skeleton segment, else the box's side."""
    box = np.sqrt(np.maximum(labels.boxes[:, 2], 1) * np.maximum(labels.boxes[:, 3], 1))
    if not labels.problem.skeleton:
        return box
    logs = np.log(segment_lengths(labels, labels.problem.skeleton))
    scale = image_scale(labels, logs, at_least=1)
    length = np.exp(scale + nanmedian(logs - scale[:, None]))
    return np.where(np.isfinite(length), np.maximum(length, 1.0), box)


def _smooth(labels: LabelArrays, scale: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """Each value's median with its neighbours in the video: of few segments, one wrong one can move the scale."""
    smooth = scale.copy()
    for rows in labels.tracks:
        padded = np.pad(scale[rows], _NEIGHBOURS, constant_values=np.nan)
        smooth[rows] = nanmedian(sliding_window_view(padded, 2 * _NEIGHBOURS + 1), axis=1)
    return smooth
