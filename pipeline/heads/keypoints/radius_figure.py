"""The figure of radii: errors against promised radii."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from heelstrike.measure.base import Measure
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.keypoints.coverage import BoundedErrors
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.figures import plain_numbers
from pipeline.scoring.style import BLUE, GREEN, MUTED, RED, figure, save

_LEAST = 1e-2  # pixels; smaller values are drawn here


def draw_radii(
    points: tuple[BoundedErrors, tuple[str, ...]],
    values: tuple[BoundedErrors | None, Measure | None],
    subjects: np.ndarray,
    settings: EvaluateSettings,
    path: Path,
) -> None:
    """Draw error against radius of every labelled point, and the coverage of each keypoint and quantity.

    Args:
        points: Distances and radii of labelled points, original pixels; names of the keypoints.
        values: Errors and half-widths of the measured quantities, and the measure; `None` if nothing was measured.
        subjects: Subject of each image.
        settings: Settings of the bootstrap.
        path: PNG to write.
    """
    (bounded, names), (bounded_values, measure) = points, values
    rows = [(name, bounded.inside[:, [k]], BLUE) for k, name in enumerate(names)]
    if bounded_values is not None and measure is not None:
        rows += [(name, bounded_values.inside[:, [q]], GREEN) for q, name in enumerate(measure.quantities)]
    with figure(10, max(3.4, 1.3 + 0.27 * len(rows)), columns=2) as (drawn, (left, right)):
        _errors(left, bounded)
        right.axvline(100 * bounded.level, color=MUTED, linestyle="--", linewidth=1)
        for row, (_, inside, colour) in enumerate(rows):
            coverage = estimate("mean", inside, subjects, settings.bootstrap, settings.seed)
            right.plot([100 * end for end in coverage.interval], [row, row], color=colour, linewidth=1.5)
            right.plot(100 * coverage.value, row, "o", color=colour, markersize=5)
        right.set_yticks(range(len(rows)), [name for name, _, _ in rows])
        right.set(ylim=(len(rows) - 0.4, -0.6), xlabel="share within (%)")
        right.set_xlim(right=101)
        right.grid(axis="y", visible=False)
        right.set_title(f"Promised: {bounded.level:.0%}")
        save(drawn, path)


def _errors(axis: Axes, bounded: BoundedErrors) -> None:
    """Draw a dot for each labelled point; above the diagonal the error exceeds the radius."""
    for inside, colour, name in ((1, BLUE, "within its radius"), (0, RED, "beyond")):
        drawn = (bounded.inside == inside) & np.isfinite(bounded.limits)
        if drawn.any():
            axis.plot(
                np.maximum(bounded.limits[drawn], _LEAST),
                np.maximum(bounded.errors[drawn], _LEAST),
                ".",
                color=colour,
                markersize=3.5,
                alpha=0.4,
                mew=0,
                label=f"{name} ({int(drawn.sum())})",
            )
    if np.isfinite(bounded.limited).any():
        ends = [max(float(end(bounded.limited)), _LEAST) for end in (np.nanmin, np.nanmax)]
        axis.plot(ends, ends, color=MUTED, linewidth=1)
    axis.set(xscale="log", yscale="log", xlabel="radius (original px)", ylabel="distance to the label (original px)")
    plain_numbers(axis.xaxis)
    plain_numbers(axis.yaxis)
    unlimited = int((np.isinf(bounded.limits) & np.isfinite(bounded.errors)).sum())
    axis.set_title("Every labelled point" + (f"; {unlimited} have no limit" if unlimited else ""))
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left")
