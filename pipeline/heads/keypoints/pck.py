"""PCK: the share of points that are within a share of the figure's size, or of the image's, of their label.

Yang & Ramanan 2013, "Articulated Human Detection with Flexible Mixtures of Parts" (the box); the image's longer side is
the other measure in use.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.evaluate.settings import EvaluateSettings, PckSettings
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth
from pipeline.scoring.style import BLUE, MUTED, RED, SERIES, figure, save

SIZES = {"box": "the diagonal of the labelled points' bounding box", "image": "the image's longer side"}
"""What distances are divided by; an image with one labelled point has no box to measure by."""

_CURVE = np.linspace(0, 1, 201)  # shares of the largest threshold that the curve is drawn at


def relative_distances(
    distance: Float[np.ndarray, "N K"], points: Float[np.ndarray, "N K 2"], truth: Truth
) -> dict[str, Float[np.ndarray, "N K"]]:
    """Distances in units of each of `SIZES`; NaN where there is no label, or no size.

    Args:
        distance: Of each point from its label, original pixels, NaN without one.
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
    """`box_05`, `image_05`, ...: shares of points within so many hundredths of the size, each with its interval."""
    found: dict[str, float] = {}
    for size, distance in relative.items():
        for threshold in pck.thresholds:
            within = np.where(np.isfinite(distance), distance <= threshold, np.nan)
            share = estimate("mean", within, truth.subjects, settings.bootstrap, settings.seed)
            name = f"{size}_{hundredths(threshold)}"
            found |= {name: share.value, f"{name}_low": share.interval.low, f"{name}_high": share.interval.high}
    return found


def hundredths(threshold: float) -> str:
    """`05` for 0.05."""
    return f"{round(100 * threshold):02d}"


def worst(relative: Float[np.ndarray, "N K"]) -> Float[np.ndarray, "N"]:
    """The largest of each image; NaN where there is none."""
    known = np.isfinite(relative)
    return np.where(known.any(axis=1), np.where(known, relative, -np.inf).max(axis=1), np.nan)


def draw_curve(
    relative: dict[str, Float[np.ndarray, "N K"]], names: tuple[str, ...], pck: PckSettings, path: Path
) -> None:
    """Share of points within a threshold: both sizes over all points, and each point by the box."""
    reach = 1.5 * max(pck.thresholds) * _CURVE
    with figure(9.6, 3.4, columns=2) as (drawn, (left, right)):
        for (size, distance), colour in zip(relative.items(), (BLUE, RED), strict=True):
            left.plot(reach, 100 * _shares(distance, reach), color=colour, label=f"by {SIZES[size]}")
        for number, name in enumerate(names):
            one = relative["box"][:, number]
            style = ("-", "--", ":")[number // len(SERIES) % 3]
            right.plot(reach, 100 * _shares(one, reach), style, color=SERIES[number % len(SERIES)], label=name)
        for axis in (left, right):
            for threshold in pck.thresholds:
                axis.axvline(threshold, color=MUTED, linestyle="--", linewidth=0.8)
            axis.set(xlabel="distance by size", ylabel="share within (%)", ylim=(0, 101), xlim=(0, reach[-1]))
            axis.legend(loc="lower right", fontsize=7.5, ncols=2 if axis is right and len(names) > 8 else 1)
        left.set_title("PCK of all points")
        right.set_title("Of each point, by the box")
        save(drawn, path)


def _shares(distance: Float[np.ndarray, "*any"], reach: Float[np.ndarray, "R"]) -> Float[np.ndarray, "R"]:
    known = np.sort(distance[np.isfinite(distance)])
    return np.searchsorted(known, reach, side="right") / max(1, len(known))
