"""PCK: the share of points whose distance to their label is below a fraction of the figure's or the image's size.

The figure's size is the diagonal of its bounding box (Yang & Ramanan 2013, "Articulated Human Detection with Flexible
Mixtures of Parts"); the image's size, also in common use, is its longer side.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.evaluate.settings import EvaluateSettings, PckSettings
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth
from pipeline.scoring.style import BLUE, MUTED, RED, SERIES, figure, save

SIZES = {"box": "the diagonal of the labelled points' bounding box", "image": "the image's longer side"}
"""What distances are divided by. An image with one labelled point has no box size."""

_CURVE = np.linspace(0, 1, 201)  # where the curve is drawn, as shares of its range


def relative_distances(
    distance: Float[np.ndarray, "N K"], points: Float[np.ndarray, "N K 2"], truth: Truth
) -> dict[str, Float[np.ndarray, "N K"]]:
    """Distances in units of each of `SIZES`; NaN without a label or a size.

    Args:
        distance: Distance of each point to its label, original pixels, NaN without a label.
        points: True points, original pixels, NaN where not labelled.
        truth: The split, for the images' sizes.
    """
    low, high = (reduce(points, axis=1, initial=start, where=np.isfinite(points)) for reduce, start in
                 ((np.min, np.inf), (np.max, -np.inf)))  # fmt: skip
    diagonal = np.linalg.norm(np.where(np.isfinite(high - low), high - low, 0), axis=-1)
    side = truth.index[["width", "height"]].to_numpy(float).max(axis=1)
    sizes = {"box": np.where(diagonal > 0, diagonal, np.nan), "image": side}
    return {name: distance / size[:, None] for name, size in sizes.items()}


def pck_metrics(
    relative: dict[str, Float[np.ndarray, "N K"]], truth: Truth, settings: EvaluateSettings, pck: PckSettings
) -> dict[str, float]:
    """Shares of points within each threshold, with intervals: `box_05`, `image_05`, ... for 0.05 of the size."""
    metrics: dict[str, float] = {}
    for size, distance in relative.items():
        for threshold in pck.thresholds:
            within = np.where(np.isfinite(distance), distance <= threshold, np.nan)
            share = estimate("mean", within, truth.subjects, settings.bootstrap, settings.seed)
            name = f"{size}_{hundredths(threshold)}"
            metrics |= {name: share.value, f"{name}_low": share.interval.low, f"{name}_high": share.interval.high}
    return metrics


def hundredths(threshold: float) -> str:
    """The threshold as two digits: `05` for 0.05."""
    return f"{round(100 * threshold):02d}"


def worst(relative: Float[np.ndarray, "N K"]) -> Float[np.ndarray, "N"]:
    """The largest value of each image; NaN if it has none."""
    known = np.isfinite(relative)
    return np.where(known.any(axis=1), np.where(known, relative, -np.inf).max(axis=1), np.nan)


def draw_curve(
    relative: dict[str, Float[np.ndarray, "N K"]], names: tuple[str, ...], pck: PckSettings, path: Path
) -> None:
    """Draw the share of points within a threshold: of all points by both sizes, and of each point by the box."""
    thresholds = 1.5 * max(pck.thresholds) * _CURVE
    with figure(9.6, 3.4, columns=2) as (drawn, (left, right)):
        for (size, distance), colour in zip(relative.items(), (BLUE, RED), strict=True):
            left.plot(thresholds, 100 * _shares(distance, thresholds), color=colour, label=f"by {SIZES[size]}")
        for number, name in enumerate(names):
            distance_of_point = relative["box"][:, number]
            style = ("-", "--", ":")[number // len(SERIES) % 3]
            right.plot(
                thresholds,
                100 * _shares(distance_of_point, thresholds),
                style,
                color=SERIES[number % len(SERIES)],
                label=name,
            )
        for axis in (left, right):
            for threshold in pck.thresholds:
                axis.axvline(threshold, color=MUTED, linestyle="--", linewidth=0.8)
            axis.set(xlabel="distance by size", ylabel="share within (%)", ylim=(0, 101), xlim=(0, thresholds[-1]))
            axis.legend(loc="lower right", fontsize=7.5, ncols=2 if axis is right and len(names) > 8 else 1)
        left.set_title("PCK of all points")
        right.set_title("Of each point, by the box")
        save(drawn, path)


def _shares(distance: Float[np.ndarray, "*any"], thresholds: Float[np.ndarray, "R"]) -> Float[np.ndarray, "R"]:
    known = np.sort(distance[np.isfinite(distance)])
    return np.searchsorted(known, thresholds, side="right") / max(1, len(known))
