"""Figures of the report that several heads share. Each function draws one file."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from heelstrike.measure.base import Measure
from pipeline.scoring.agreement import agreement
from pipeline.scoring.style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE, RED, SERIES, figure, save


def training_curves(history: pd.DataFrame, error: str, path: Path, title: str = "Validation RMSE (input px)") -> None:
    """Draw losses, validation error and learning rate over the epochs of all training steps.

    Args:
        history: A row per epoch in order; `step` if there are several; columns with `loss` in their name, `error` and
            `lr` are drawn if present.
        error: Column of the validation error.
        path: PNG to write.
        title: Title of that error.
    """
    epochs = np.arange(1, len(history) + 1)
    losses = [c for c in history.columns if "loss" in c]
    steps = history["step"].to_numpy() if "step" in history else np.zeros(len(history))
    with figure(10, 3.1, columns=3) as (drawn, (left, middle, right)):
        for colour, column in zip(SERIES * 2, losses, strict=False):
            left.plot(epochs, history[column], color=colour, label=column.replace("_", " "))
        left.set_title("Losses")
        if losses:
            if np.nanmin(history[losses].to_numpy(float)) > 0:
                left.set_yscale("log")
                plain_numbers(left.yaxis)
            left.legend()
        if error in history:
            _validation(middle, epochs, history[error].to_numpy(float), steps == steps[-1], title)
        if "lr" in history:
            right.plot(epochs, history["lr"], color=MUTED)
        right.set_title("Learning rate")
        for axis in (left, middle, right):
            axis.set_xlabel("epoch")
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            for change in np.flatnonzero(steps[1:] != steps[:-1]):
                axis.axvline(change + 1.5, color=MUTED, linestyle=":", linewidth=1)
        save(drawn, path)


def _validation(
    axis: Axes, epochs: np.ndarray, rmse: Float[np.ndarray, "E"], last: Bool[np.ndarray, "E"], title: str
) -> None:
    """Draw the curve and the best epoch of the last step, whose weights were saved."""
    axis.plot(epochs, rmse, color=BLUE)
    known = np.flatnonzero(np.isfinite(rmse) & last)
    axis.set_title(title)
    if not len(known):
        return
    if rmse[known].min() > 0:
        axis.set_yscale("log")
        plain_numbers(axis.yaxis)
    best = known[np.argmin(rmse[known])]
    axis.plot(epochs[best], rmse[best], "o", color=RED, markersize=5)
    axis.set_title(f"{title}, best {rmse[best]:.2f}")


def error_cdf(
    distance: Float[np.ndarray, "N K"], rmse: Float[np.ndarray, "N"], bands_px: tuple[float, float], path: Path
) -> None:
    """Draw the share of points and of images below an error, original pixels, on a logarithmic axis."""
    with figure(6.4, 3.6) as (drawn, (axis,)):
        for values, colour, name in ((distance, BLUE, "points (distance)"), (rmse, RED, "images (RMSE)")):
            known = np.sort(values[np.isfinite(values)])
            share = np.arange(1, len(known) + 1) / max(1, len(known))
            axis.step(np.maximum(known, 1e-3), 100 * share, where="post", color=colour, label=name)
        for band in bands_px:
            axis.axvline(band, color=MUTED, linestyle="--", linewidth=1)
            axis.annotate(
                f"{band:g} px",
                (band, 50),
                xytext=(-3, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                rotation=90,
                color=MUTED,
                fontsize=8,
            )
        axis.set(xscale="log", ylim=(0, 101), xlabel="error (original px)", ylabel="share below (%)")
        plain_numbers(axis.xaxis)
        axis.set_title("Distribution of errors")
        axis.legend(loc="upper left")
        save(drawn, path)


def keypoint_errors(distance: Float[np.ndarray, "N K"], names: tuple[str, ...], path: Path) -> None:
    """Draw median, quartiles and 95th percentile of each keypoint's distance, original pixels."""
    with figure(6.4, 1.3 + 0.32 * len(names)) as (drawn, (axis,)):
        for row in range(len(names)):
            known = distance[:, row][np.isfinite(distance[:, row])]
            if not len(known):
                axis.annotate("no labelled point", (0, row), va="center", color=MUTED, fontsize=8.5)
                continue
            low, median, high, tail = np.quantile(known, [0.25, 0.5, 0.75, 0.95])
            axis.plot([low, tail], [row, row], color=FAINT, linewidth=4, solid_capstyle="butt", zorder=1)
            axis.plot([low, high], [row, row], color=BLUE, linewidth=7, solid_capstyle="butt", alpha=0.35, zorder=2)
            axis.plot(median, row, "o", color=BLUE, markersize=6, zorder=3)
            axis.plot(tail, row, "|", color=MUTED, markersize=10, zorder=3)
            axis.annotate(
                f"{median:.2f}", (median, row), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8
            )
            axis.annotate(
                f"{tail:.1f}", (tail, row), xytext=(5, -3), textcoords="offset points", color=MUTED, fontsize=8
            )
        axis.set_yticks(range(len(names)), names)
        axis.set(xlabel="distance (original px)", ylim=(len(names) - 0.5, -0.7), xlim=(0, 1.04 * axis.get_xlim()[1]))
        axis.grid(axis="y", visible=False)
        axis.set_title("Each keypoint: median, quartiles, 95th percentile")
        save(drawn, path)


def box_errors(overlap: Float[np.ndarray, "N"], difference: Float[np.ndarray, "N 4"], path: Path) -> None:
    """Draw the share of images above an overlap, and the errors of each coordinate of the box.

    Args:
        overlap: Intersection over union of each image's box with the true one.
        difference: Predicted minus true x, y, width and height, original pixels.
        path: PNG to write.
    """
    with figure(8.6, 3.2, columns=2) as (drawn, (left, right)):
        overlaps = np.sort(overlap[np.isfinite(overlap)])[::-1]
        left.step(overlaps, 100 * np.arange(1, len(overlaps) + 1) / max(1, len(overlaps)), where="post", color=BLUE)
        for threshold in (0.5, 0.75):  # COCO's AP50 and AP75
            left.axvline(threshold, color=MUTED, linestyle="--", linewidth=1)
        left.set(xlabel="overlap with the true box (IoU)", ylabel="share above (%)", xlim=(0, 1), ylim=(0, 101))
        left.set_title("Distribution of overlaps")
        known = difference[np.isfinite(difference).all(axis=1)]
        right.axvline(0, color=MUTED, linewidth=1)
        right.boxplot(list(known.T), orientation="horizontal", tick_labels=["x", "y", "width", "height"], sym=".")
        right.invert_yaxis()
        right.set(xlabel="predicted minus true (original px)")
        right.set_title("Errors of the box's coordinates")
        save(drawn, path)


def slice_errors(table: pd.DataFrame, columns: dict[str, str], path: Path) -> None:
    """Draw a row per slice with its interval and a panel per statistic; the line is the whole split.

    Args:
        table: Result of `slice_table`.
        columns: Title of the panel by statistic.
        path: PNG to write.
    """
    labels = [f"{s}: {v}  ({n})" if s != "all" else f"all images  ({n})" for s, v, n in _labels(table)]
    with figure(3.0 + 3.4 * len(columns), 1.2 + 0.23 * len(table), columns=len(columns), sharey=True) as (drawn, axes):
        for axis, (column, title) in zip(axes, columns.items(), strict=True):
            axis.axvline(table[column].iloc[0], color=MUTED, linestyle="--", linewidth=1)
            for row, (value, low, high, resampled) in enumerate(
                table[[column, *(f"{column}_{part}" for part in ("low", "high", "drawn"))]].itertuples(index=False)
            ):
                colour = INK if row == 0 else BLUE
                axis.plot(
                    [low, high], [row, row], color=colour, linewidth=1.5, alpha=1 if resampled == "clusters" else 0.4
                )
                face = colour if resampled == "clusters" else "white"
                axis.plot(value, row, "o", color=colour, markerfacecolor=face, markersize=5)
            axis.set_title(title)
            axis.set_xlim(0, None)
            groups = table["slice"].to_numpy()
            for change in np.flatnonzero(groups[1:] != groups[:-1]):
                axis.axhline(change + 0.5, color=FAINT, linewidth=1)
            axis.grid(axis="y", visible=False)
        axes[0].set_yticks(range(len(labels)), labels)
        axes[0].set_ylim(len(labels) - 0.4, -0.6)
        save(drawn, path)


def _labels(table: pd.DataFrame) -> list[tuple[str, str, int]]:
    return list(table[["slice", "value", "images"]].itertuples(index=False, name=None))


def bland_altman(
    truth: Float[np.ndarray, "N Q"], differences: Float[np.ndarray, "N Q"], measure: Measure, path: Path
) -> None:
    """Draw difference against mean of predicted and true values in the measure's main unit, with bias and limits."""
    main = [q for q, unit in enumerate(measure.units) if unit == measure.unit]
    truth, differences = truth[:, main], differences[:, main]
    quantities = [measure.quantities[q] for q in main]
    numbers = agreement(differences, measure.unit)
    middle = truth + differences / 2
    with figure(6.8, 4.0) as (drawn, (axis,)):
        for q, name in enumerate(quantities):
            axis.plot(
                middle[:, q], differences[:, q], "o", color=SERIES[q], markersize=4.5, alpha=0.6, label=name, mew=0
            )
        lines = (("bias", "-"), ("loa_low", "--"), ("loa_high", "--"))
        for name, line in lines:
            value = numbers[f"{name}_{measure.unit}"]
            if np.isfinite(value):
                axis.axhline(value, color=INK, linestyle=line, linewidth=1)
                words = "bias" if name == "bias" else "95 % limit"
                axis.annotate(
                    f"{words} {value:+.2f}{measure.symbol}".replace("-", "\N{MINUS SIGN}"),
                    (1.0, value),
                    xycoords=("axes fraction", "data"),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
        reach = numbers[f"loa_high_{measure.unit}"] - numbers[f"loa_low_{measure.unit}"]
        outside = _clip_outliers(axis, differences, numbers[f"bias_{measure.unit}"], reach)
        note = f"; {outside} beyond the frame" if outside else ""
        axis.set_xlabel(f"mean of predicted and true ({measure.symbol}; {measure.sign})")
        axis.set_ylabel(f"predicted minus true ({measure.symbol})")
        axis.set_title(f"Agreement of the {measure.title}{note}")
        axis.legend(loc="lower left", ncols=len(quantities))
        save(drawn, path)


def _clip_outliers(axis: Axes, differences: np.ndarray, bias: float, reach: float) -> int:
    """Limit the axis so that single gross errors do not flatten the rest; returns the number of values outside."""
    if not np.isfinite(reach) or reach == 0:
        return 0
    farthest = np.nanmax(np.abs(differences - bias))
    room = min(max(1.15 * farthest, 0.75 * reach), 1.5 * reach)
    axis.set_ylim(bias - room, bias + room)
    return int((np.abs(differences - bias) > room).sum())


def confidence(
    values: Float[np.ndarray, "N K"],
    distance: Float[np.ndarray, "N K"],
    visible: Bool[np.ndarray, "N K"],
    missing: Bool[np.ndarray, "N K"],
    threshold: float,
    path: Path,
) -> None:
    """Draw the confidence of visible, hidden and missing points, its calibration, and the error by confidence."""
    with figure(10, 3.2, columns=3) as (drawn, (left, middle, right)):
        edges = np.linspace(0, 1, 21).tolist()
        hidden = ~visible & ~missing
        for mask, colour, name in ((visible, BLUE, "visible"), (hidden, ORANGE, "hidden"), (missing, RED, "missing")):
            if mask.any():
                left.hist(values[mask], edges, color=colour, alpha=0.65, label=f"{name} ({int(mask.sum())})")
        left.axvline(threshold, color=INK, linestyle="--", linewidth=1)
        left.set(yscale="log", xlabel="confidence", ylabel="points", xlim=(0, 1))
        plain_numbers(left.yaxis)
        left.set_title("Confidence by label")
        left.legend(loc="upper center")
        _reliability(middle, values, visible, visible | missing)
        _error_by_confidence(right, values, distance)
        save(drawn, path)


def _reliability(axis: Axes, values: np.ndarray, visible: np.ndarray, included: np.ndarray) -> None:
    edges = np.linspace(0, 1, 11)
    bins = np.clip(np.digitize(values, edges) - 1, 0, 9)
    axis.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
    for b in range(10):
        inside = included & (bins == b)
        if inside.any():
            size = 3 + 2 * np.log10(inside.sum())
            axis.plot(values[inside].mean(), visible[inside].mean(), "o", color=BLUE, markersize=size)
    axis.set(xlabel="confidence", ylabel="share visible", xlim=(0, 1.02), ylim=(-0.02, 1.04))
    axis.set_title("Calibration")


def _error_by_confidence(axis: Axes, values: np.ndarray, distance: np.ndarray) -> None:
    known = np.isfinite(distance)
    axis.plot(values[known], np.maximum(distance[known], 1e-2), ".", color=GREEN, markersize=3, alpha=0.35, mew=0)
    axis.set(yscale="log", xlabel="confidence", ylabel="distance (original px)")
    plain_numbers(axis.yaxis)
    axis.set_title("Error by confidence")


def plain_numbers(axis: Axis) -> None:
    """Label a logarithmic axis with 0.5, 1, 2, 5, 10 instead of powers, also within one decade."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())
