"""Figures of a detector. Each function draws one file."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from matplotlib.patches import Rectangle

from heelstrike.images import read_image
from pipeline.heads.detections.anchors import activations, coverage
from pipeline.heads.detections.precision import Objects
from pipeline.heads.evaluation import Scene
from pipeline.models.detector import Detector
from pipeline.scoring.sheet import pick
from pipeline.scoring.style import INK, PREDICTED, SERIES, TRUE, figure, save

_TILE = 2.65  # inches


def draw_sheet(
    scene: Scene,
    true: list[Objects],
    predictions: list[Objects],
    loss: Float[np.ndarray, "N"],
    categories: tuple[str, ...],
    path: Path,
) -> None:
    """Draw best, median and worst images with labelled and predicted boxes."""
    rows = pick(loss, scene.images)
    columns = max(1, *(len(chosen) for chosen in rows.values()))
    with figure(_TILE * columns + 0.2, (_TILE + 0.3) * len(rows), len(rows), columns) as (drawn, axes):
        for axis in axes:
            axis.set_axis_off()
        for row, (name, chosen) in enumerate(rows.items()):
            for axis, number in zip(axes[row * columns :], chosen, strict=False):
                axis.imshow(read_image(scene.files[number]))
                for objects, colour, width in ((true[number], TRUE, 2.6), (predictions[number], PREDICTED, 1.3)):
                    for x, y, w, h in objects[:, :4]:
                        axis.add_patch(Rectangle((x, y), w, h, fill=False, edgecolor=colour, linewidth=width))
                for x, y, _, _, category, score, *_ in predictions[number]:
                    axis.text(x, y - 2, f"{categories[int(category)]} {score:.2f}", fontsize=5.5, color=INK)
                title = f"{name}: {scene.files[number].stem}  {loss[number]:.2f}"
                axis.set_title(title, fontsize=7.5, fontweight="normal", pad=3)
        save(drawn, path)


def draw_precision(precision: list[dict[str, float]], categories: tuple[str, ...], path: Path) -> None:
    """Draw AP and AP50 of each class."""
    places = np.arange(len(categories))
    with figure(1.8 + 1.2 * len(categories), 3.0) as (drawn, (axis,)):
        for shift, name, colour in ((-0.2, "ap50", SERIES[5]), (0.2, "ap", SERIES[0])):
            values = [own[name] for own in precision]
            bars = axis.bar(places + shift, values, 0.38, color=colour, label=name.upper())
            axis.bar_label(bars, fmt="%.2f", fontsize=8)
        axis.set_xticks(places, categories)
        axis.set_ylim(0, 1.12)
        axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
        axis.set_title("Average precision")
        save(drawn, path)


def draw_scales(table: Int[np.ndarray, "C S"], categories: tuple[str, ...], path: Path) -> None:
    """Draw how many instances of each class each scale found."""
    _draw_table(
        table / np.maximum(table.sum(axis=1, keepdims=True), 1),
        table,
        categories,
        "Instances found by each scale",
        path,
    )


def draw_coverage(
    network: Detector, objects: Float[np.ndarray, "N M 5"], categories: tuple[str, ...], path: Path
) -> None:
    """Draw the share of each class that the anchors of each scale cover."""
    shares = coverage(network, objects)
    _draw_table(shares, None, categories, "Boxes covered by the anchors of each scale", path)


def _draw_table(
    shares: Float[np.ndarray, "C S"],
    counts: Int[np.ndarray, "C S"] | None,
    categories: tuple[str, ...],
    title: str,
    path: Path,
) -> None:
    with figure(1.6 + 1.1 * shares.shape[1], 1.2 + 0.7 * len(categories)) as (drawn, (axis,)):
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), share in np.ndenumerate(shares):
            text = f"{share:.0%}" if counts is None else f"{counts[row, column]} ({share:.0%})"
            axis.text(column, row, text, ha="center", va="center", color="white" if share > 0.6 else INK)
        axis.set_xticks(range(shares.shape[1]), [f"scale {number + 1}" for number in range(shares.shape[1])])
        axis.set_yticks(range(len(categories)), categories)
        axis.grid(False)
        axis.set_title(title)
        save(drawn, path)


def draw_activation(network: Detector, pixels: np.ndarray, path: Path) -> None:
    """Draw an image and how strongly each scale responds to it."""
    maps = activations(network, pixels)
    with figure(2.5 * (len(maps) + 1), 2.7, columns=len(maps) + 1) as (drawn, axes):
        axes[0].imshow(np.array(pixels).squeeze(), cmap="gray")
        axes[0].set_title("the input")
        for number, (axis, strength) in enumerate(zip(axes[1:], maps, strict=True), start=1):
            axis.imshow(strength, cmap="inferno")
            axis.set_title(f"scale {number}: {strength.shape[1]} x {strength.shape[0]}")
        for axis in axes:
            axis.set_axis_off()
        save(drawn, path)
