"""Figures of a classification. Each function draws one file."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int

from pipeline.heads.classes.gradcam import gradcam
from pipeline.heads.classes.scores import Bin, expected_calibration_error
from pipeline.heads.evaluation import Scene
from pipeline.scoring.style import BLUE, FAINT, INK, MUTED, figure, save

_TILE = 2.3  # inches


def draw_confusion(counts: Int[np.ndarray, "C C"], categories: tuple[str, ...], path: Path) -> None:
    """Draw the confusion matrix: counts, shaded by their share of the row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 1.6 + 0.9 * len(categories)
    with figure(side + 0.6, side) as (drawn, (axis,)):
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.6 else INK
            axis.text(column, row, f"{count}\n{shares[row, column]:.0%}", ha="center", va="center", color=colour)
        axis.set_xticks(range(len(categories)), categories)
        axis.set_yticks(range(len(categories)), categories)
        axis.set(xlabel="predicted", ylabel="labelled")
        axis.grid(False)
        axis.set_title("Confusion")
        save(drawn, path)


def draw_calibration(bins: list[Bin], path: Path) -> None:
    """Draw the share of right predictions by probability, and the number of predictions at each."""
    with figure(4.6, 3.6) as (drawn, (axis,)):
        counts = axis.twinx()
        counts.bar([b.confidence for b in bins], [b.predictions for b in bins], width=0.05, color=FAINT)
        counts.set_ylabel("predictions", color=MUTED)
        counts.grid(False)
        axis.set_zorder(counts.get_zorder() + 1)
        axis.patch.set_visible(False)
        axis.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
        axis.plot([b.confidence for b in bins], [b.right for b in bins], "o-", color=BLUE)
        axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="probability of the predicted class", ylabel="share right")
        axis.set_title(f"Calibration, ECE {expected_calibration_error(bins):.3f}")
        save(drawn, path)


def draw_cases(
    scene: Scene,
    classes: Int[np.ndarray, "N"],
    probabilities: Float[np.ndarray, "N C"],
    categories: tuple[str, ...],
    path: Path,
) -> None:
    """Draw right and wrong images, the most confident first, each beside its Grad-CAM heat map."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    chosen = {
        "right": [i for i in order if predicted[i] == classes[i]][: scene.images],
        "wrong": [i for i in order if predicted[i] != classes[i] and classes[i] >= 0][: scene.images],
    }
    rows = {title: images for title, images in chosen.items() if images}
    columns = 2 * max(len(images) for images in rows.values())
    with figure(_TILE * columns * 0.75, (_TILE + 0.35) * len(rows), len(rows), columns) as (drawn, axes):
        for axis in axes:
            axis.set_axis_off()
        for row, (title, images) in enumerate(rows.items()):
            for place, index in enumerate(images):
                pixels = np.array(scene.pixels[index])
                image = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
                left, right = axes[row * columns + 2 * place : row * columns + 2 * place + 2]
                left.imshow(image)
                left.set_title(f"{title}: {categories[classes[index]]}", fontsize=7.5, fontweight="normal", pad=3)
                heat = gradcam(scene.network, pixels, int(predicted[index]))
                right.imshow(_heated(image, heat))
                caption = f"predicted {categories[predicted[index]]}, {confidence[index]:.0%}"
                right.set_title(caption, fontsize=7.5, fontweight="normal", pad=3)
        save(drawn, path)


def _heated(image: np.ndarray, heat: Float[np.ndarray, "H W"]) -> np.ndarray:
    colours = cv2.applyColorMap(np.rint(255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    return cv2.addWeighted(image, 0.55, np.ascontiguousarray(colours), 0.45, 0)
