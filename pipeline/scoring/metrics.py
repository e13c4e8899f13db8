"""Errors of keypoints, boxes and confidences.

All errors are over labelled points only. Pixels are those of the given coordinates: of the network's input or of the
original image. "RMSE" is the root of the mean squared *coordinate* error, not of the Euclidean distance.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from sklearn.metrics import roc_auc_score

Numbers = dict[str, float]


def keypoint_metrics(
    predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"], labelled: Bool[np.ndarray, "N K"]
) -> Numbers:
    """Errors over all labelled points of all images; NaN if there are none.

    Returns:
        `mse_px2`, `rmse_px`, `l1_px`, `smooth_l1` (torch's, beta 1) and `nmae` are means over coordinates;
        `mean_distance_px`, `median_distance_px`, `p95_distance_px` are of the Euclidean distance of points. `nmae` is
        |predicted - true| / |true|: it is smaller for points farther from the top left corner, and depends on the input
        size; true coordinates below one pixel count as one.
    """
    difference = (np.asarray(predicted, np.float64) - truth)[labelled]
    if not len(difference):
        names = (
            "mse_px2",
            "rmse_px",
            "l1_px",
            "smooth_l1",
            "nmae",
            "mean_distance_px",
            "median_distance_px",
            "p95_distance_px",
        )
        return dict.fromkeys(names, float("nan"))
    distance = np.linalg.norm(difference, axis=-1)
    return coordinate_errors(difference) | {
        "nmae": float((np.abs(difference) / np.maximum(np.abs(truth[labelled]), 1.0)).mean()),
        "mean_distance_px": float(distance.mean()),
        "median_distance_px": float(np.median(distance)),
        "p95_distance_px": float(np.quantile(distance, 0.95)),
    }


def coordinate_errors(difference: Float[np.ndarray, "*any"]) -> Numbers:
    """`mse_px2`, `rmse_px`, `l1_px`, `smooth_l1`: means over all coordinates, of which there is at least one."""
    mse = float(np.mean(difference**2))
    return {
        "mse_px2": mse,
        "rmse_px": mse**0.5,
        "l1_px": float(np.abs(difference).mean()),
        "smooth_l1": float(smooth_l1(difference).mean()),
    }


def radial_metrics(
    distance_mm: Float[np.ndarray, "N K"], difference_mm: Float[np.ndarray, "N K 2"], radii_mm: Sequence[float]
) -> Numbers:
    """Errors in millimetres over all points with a label in images whose pixels have a size.

    Args:
        distance_mm: Distance of predicted and labelled point, NaN if unknown.
        difference_mm: Predicted minus labelled point as (x, y).
        radii_mm: Radii of the shares `share_within_2mm`, ...

    Returns:
        `rmse_mm` (over coordinates), `mean_radial_error_mm`, its standard deviation `radial_error_sd_mm`, median and
        95th percentile, `share_within_2mm`, ..., and the number of `points`; empty if no distance is known.
    """
    known = distance_mm[np.isfinite(distance_mm)]
    if not len(known):
        return {}
    return {
        "points": len(known),
        "rmse_mm": float(np.sqrt(np.nanmean(difference_mm[np.isfinite(distance_mm)] ** 2))),
        "mean_radial_error_mm": float(known.mean()),
        "radial_error_sd_mm": float(known.std()),
        "median_radial_error_mm": float(np.median(known)),
        "p95_radial_error_mm": float(np.quantile(known, 0.95)),
        **{f"share_within_{radius:g}mm": float(np.mean(known <= radius)) for radius in radii_mm},
    }


def smooth_l1(difference: Float[np.ndarray, "*any"], beta: float = 1.0) -> Float[np.ndarray, "*any"]:
    """Quadratic below `beta`, linear above, as torch.nn.SmoothL1Loss defines it."""
    size = np.abs(difference)
    return np.where(size < beta, 0.5 * size**2 / beta, size - 0.5 * beta)


def distances(
    predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"], labelled: Bool[np.ndarray, "N K"]
) -> Float[np.ndarray, "N K"]:
    """Euclidean distance of every labelled point, NaN for the others."""
    distance = np.linalg.norm(np.asarray(predicted, np.float64) - truth, axis=-1)
    return np.where(labelled, distance, np.nan)


def image_mse(
    predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"], labelled: Bool[np.ndarray, "N K"]
) -> Float[np.ndarray, "N"]:
    """Mean squared coordinate error of each image; NaN for an image without labelled points."""
    squares = np.where(labelled[..., None], (np.asarray(predicted, np.float64) - truth) ** 2, 0.0).sum(axis=(1, 2))
    count = 2.0 * labelled.sum(axis=1)
    return np.divide(squares, count, out=np.full(len(squares), np.nan), where=count > 0)


def image_rmse(
    predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"], labelled: Bool[np.ndarray, "N K"]
) -> Float[np.ndarray, "N"]:
    """Root of the mean squared coordinate error of each image; NaN for an image without labelled points."""
    return np.sqrt(image_mse(predicted, truth, labelled))


def band_shares(rmse_px: Float[np.ndarray, "N"], bands_px: tuple[float, float]) -> Numbers:
    """Shares of the images whose RMSE is below the first band, within both, and above the second."""
    known = rmse_px[np.isfinite(rmse_px)]
    low, high = bands_px
    if not len(known):
        below = within = above = float("nan")
    else:
        below, above = float(np.mean(known < low)), float(np.mean(known > high))
        within = float(np.mean((known >= low) & (known <= high)))
    return {
        f"share_below_{low:g}px": below,
        f"share_{low:g}_to_{high:g}px": within,
        f"share_above_{high:g}px": above,
    }


def box_iou(a: Float[np.ndarray, "N 4"], b: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N"]:
    """Intersection over union of boxes (x, y, width, height), pair by pair.

    Returns:
        IoU in [0, 1]; 0 if both boxes are empty, NaN if one is unknown (NaN).
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    low = np.maximum(a[:, :2], b[:, :2])
    high = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    union = np.clip(a[:, 2:], 0, None).prod(axis=1) + np.clip(b[:, 2:], 0, None).prod(axis=1) - common
    return np.divide(common, union, out=np.where(np.isnan(union), np.nan, 0.0), where=union > 0)


def box_metrics(predicted: Float[np.ndarray, "N 4"], truth: Float[np.ndarray, "N 4"]) -> Numbers:
    """Errors of boxes (x, y, width, height): of the coordinates in pixels, and `iou_loss_percent`, 1 - mean IoU."""
    known = np.isfinite(truth).all(axis=1)
    difference = np.asarray(predicted, np.float64)[known] - truth[known]
    if not len(difference):
        return dict.fromkeys(("mse_px2", "rmse_px", "l1_px", "smooth_l1", "iou_loss_percent"), float("nan"))
    return coordinate_errors(difference) | {
        "iou_loss_percent": 100.0 * (1.0 - float(box_iou(predicted[known], truth[known]).mean())),
    }


def box_rmse(predicted: Float[np.ndarray, "N 4"], truth: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N"]:
    """Root of the mean squared error of each box's x, y, width and height; NaN where the truth is unknown."""
    return np.sqrt(((np.asarray(predicted, np.float64) - truth) ** 2).mean(axis=1))


def visibility_metrics(
    confidence: Float[np.ndarray, "N K"],
    visible: Bool[np.ndarray, "N K"],
    missing: Bool[np.ndarray, "N K"],
    threshold: float,
) -> Numbers:
    """How well the confidence separates visible from missing points.

    Args:
        confidence: Confidence of each point, in [0, 1].
        visible: True for points labelled as visible.
        missing: True for points without a label. Hidden points, which are neither, are left out.
        threshold: Confidence below which a consumer treats a point as missing.

    Returns:
        `auroc` (0.5 is chance; NaN unless there are both visible and missing points), `visible_called_missing_share`,
        `missing_called_visible_share`.
    """
    defined = bool(visible.any() and missing.any())
    score = np.concatenate([confidence[visible], confidence[missing]])
    label = np.repeat([1, 0], [int(visible.sum()), int(missing.sum())])
    return {
        "auroc": float(roc_auc_score(label, score)) if defined else float("nan"),
        "visible_called_missing_share": share(confidence[visible] < threshold),
        "missing_called_visible_share": share(confidence[missing] >= threshold),
    }


def share(mask: Bool[np.ndarray, "N"]) -> float:
    """Share of true values, in [0, 1]; NaN for an empty array."""
    return float(mask.mean()) if len(mask) else float("nan")
