"""The figure of radii: what was promised of each point, and what came of it."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from heelstrike.measure.base import Measure
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.keypoints.coverage import Kept
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.figures import plain_numbers
from pipeline.scoring.style import BLUE, GREEN, MUTED, RED, figure, save

_LEAST = 1e-2  # pixels; what is nearer is drawn there


def draw_radii(
    points: tuple[Kept, tuple[str, ...]],
    values: tuple[Kept | None, Measure | None],
    subjects: np.ndarray,
    settings: EvaluateSettings,
    path: Path,
) -> None:
    """Error against radius of every labelled point, and the share within, of each keypoint and quantity.

    Args:
        points: Distances and radii of labelled points, original pixels; names of the keypoints.
        values: The same of what was measured, if anything was.
        subjects: Whom each image is of.
        settings: Of the bootstrap.
        path: PNG to write.
    """
    (kept, names), (of_values, measure) = points, values
    rows = [(name, kept.inside[:, [k]], BLUE) for k, name in enumerate(names)]
    if of_values is not None and measure is not None:
        rows += [(name, of_values.inside[:, [q]], GREEN) for q, name in enumerate(measure.quantities)]
    with figure(10, max(3.4, 1.3 + 0.27 * len(rows)), columns=2) as (drawn, (left, right)):
        _errors(left, kept)
        right.axvline(100 * kept.level, color=MUTED, linestyle="--", linewidth=1)
        for row, (_, inside, colour) in enumerate(rows):
            found = estimate("mean", inside, subjects, settings.bootstrap, settings.seed)
            right.plot([100 * end for end in found.interval], [row, row], color=colour, linewidth=1.5)
            right.plot(100 * found.value, row, "o", color=colour, markersize=5)
        right.set_yticks(range(len(rows)), [name for name, _, _ in rows])
        right.set(ylim=(len(rows) - 0.4, -0.6), xlabel="share within (%)")
        right.set_xlim(right=101)
        right.grid(axis="y", visible=False)
        right.set_title(f"Promised: {kept.level:.0%}")
        save(drawn, path)


def _errors(axis: Axes, kept: Kept) -> None:
    """A dot for each labelled point; above the diagonal it is farther off than its radius."""
    for which, colour, name in ((1, BLUE, "within its radius"), (0, RED, "beyond")):
        shown = (kept.inside == which) & np.isfinite(kept.limit)
        if shown.any():
            axis.plot(
                np.maximum(kept.limit[shown], _LEAST),
                np.maximum(kept.off[shown], _LEAST),
                ".",
                color=colour,
                markersize=3.5,
                alpha=0.4,
                mew=0,
                label=f"{name} ({int(shown.sum())})",
            )
    if np.isfinite(kept.limited).any():
        ends = [max(float(end(kept.limited)), _LEAST) for end in (np.nanmin, np.nanmax)]
        axis.plot(ends, ends, color=MUTED, linewidth=1)
    axis.set(xscale="log", yscale="log", xlabel="radius (original px)", ylabel="distance to the label (original px)")
    plain_numbers(axis.xaxis)
    plain_numbers(axis.yaxis)
    unlimited = int((np.isinf(kept.limit) & np.isfinite(kept.off)).sum())
    axis.set_title("Every labelled point" + (f"; {unlimited} have no limit" if unlimited else ""))
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left")
