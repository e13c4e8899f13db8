"""The overlay sheet: best, median and worst images of the split with true and predicted points."""

from pathlib import Path

import cv2
import matplotlib.patheffects as effects
import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heelstrike.errors import UserError
from pipeline.scoring.style import INK, PREDICTED, TRUE, figure, save

_TILE = 2.65  # inches; 345 px at the house style's resolution


def pick(errors: Float[np.ndarray, "N"], count: int) -> dict[str, Int[np.ndarray, "*n"]]:
    """Images of the lowest, the middle and the highest errors, each image once.

    Returns:
        `best` from the lowest up, `median` around the middle, `worst` from the highest down; images without an error
        (NaN) are left out.
    """
    ranked = np.argsort(errors, kind="stable")[: int(np.isfinite(errors).sum())]
    count = min(count, len(ranked) // 3) if len(ranked) >= 3 else len(ranked)
    start = (len(ranked) - count) // 2
    picked = {"best": ranked[:count], "median": ranked[start : start + count], "worst": ranked[::-1][:count]}
    return picked if len(ranked) >= 3 else {"best": ranked}


def overlay_sheet(
    rows: dict[str, Int[np.ndarray, "*n"]],
    images: list[Path],
    titles: list[str],
    truth: Float[np.ndarray, "N K 2"],
    predicted: Float[np.ndarray, "N K 2"],
    skeleton: list[tuple[int, int]],
    path: Path,
) -> None:
    """Draw one row of tiles for each kind of image.

    Args:
        rows: Indices of the images by row title.
        images: File of each image of the split.
        titles: Title of each image.
        truth: True points, original pixels, NaN where not labelled.
        predicted: Predicted points, original pixels.
        skeleton: Pairs of keypoints to join by a line.
        path: PNG to write.
    """
    columns = max(1, *(len(chosen) for chosen in rows.values()))
    with figure(_TILE * columns + 0.2, (_TILE + 0.42) * len(rows) + 0.35, len(rows), columns) as (drawn, axes):
        for axis in axes:
            axis.set_axis_off()
        for r, (kind, chosen) in enumerate(rows.items()):
            for axis, i in zip(axes[r * columns :], chosen, strict=False):
                _tile(axis, _read(images[i]), truth[i], predicted[i], skeleton)
                axis.set_title(f"{kind}: {titles[i]}", fontsize=7.5, fontweight="normal", pad=3)
        marks = [
            Line2D([], [], marker="o", color=TRUE, markerfacecolor="none", linestyle="none", label="labelled"),
            Line2D([], [], marker="+", color=PREDICTED, linestyle="none", label="predicted", markeredgewidth=1.5),
        ]
        legend = drawn.legend(handles=marks, loc="outside lower center", ncols=2, facecolor=INK, frameon=True)
        for text in legend.get_texts():
            text.set_color("white")
        save(drawn, path)


def _tile(
    axis: Axes,
    image: UInt8[np.ndarray, "H W 3"],
    truth: Float[np.ndarray, "K 2"],
    predicted: Float[np.ndarray, "K 2"],
    skeleton: list[tuple[int, int]],
) -> None:
    axis.imshow(image)
    outline = [effects.withStroke(linewidth=2.6, foreground="black", alpha=0.6)]
    for points, colour in ((truth, TRUE), (predicted, PREDICTED)):
        for a, b in skeleton:
            axis.plot(*points[[a, b]].T, color=colour, linewidth=0.9, alpha=0.9, path_effects=outline)
    for a, b in zip(truth, predicted, strict=True):  # which prediction belongs to which label; NaN draws nothing
        axis.plot(*np.stack([a, b]).T, color="white", linewidth=0.8, alpha=0.8)
    for points, colour, mark in ((truth, TRUE, "o"), (predicted, PREDICTED, "+")):
        axis.plot(*points.T, mark, color=colour, mfc="none", markersize=7.5, mew=1.3, path_effects=outline)
    left, top, side = _window(np.concatenate([truth, predicted]), image.shape[1], image.shape[0])
    axis.set_xlim(left - 0.5, left + side - 0.5)
    axis.set_ylim(top + side - 0.5, top - 0.5)


def _window(points: Float[np.ndarray, "P 2"], width: int, height: int) -> tuple[float, float, float]:
    """A square around the points with a margin, inside the image if possible: left, top, side."""
    known = points[np.isfinite(points).all(axis=1)]
    low, high = np.clip(known.min(axis=0), 0, (width, height)), np.clip(known.max(axis=0), 0, (width, height))
    side = min(max(1.35 * float((high - low).max()), 0.3 * max(width, height)), float(max(width, height)))
    corner = (low + high) / 2 - side / 2
    room = np.array([width - side, height - side])
    corner = np.where(room > 0, np.clip(corner, 0, np.maximum(room, 0)), room / 2)
    return float(corner[0]), float(corner[1]), side


def _read(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if image is None:
        raise UserError(f"{path}: missing or not an image; run the collect stage again")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
