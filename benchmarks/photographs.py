"""Count the real skin markers in photographs that a package finds, which was trained on rendered video alone.

The photographs show two markers a leg (Achilles tendon and calcaneus), measured to sub-pixel accuracy; the network
looks for three. A real marker counts as found when a keypoint that the network is confident of lies within the limit.

Example:
    python -m benchmarks.photographs models/rearfoot/package ../shared/datasets/rearfoot-rfa --sheet photographs.png
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from rich.console import Console
from rich.table import Table

from heelstrike.heads.prediction import Prediction
from heelstrike.images import read_image
from heelstrike.package.runtime import Package
from pipeline.scoring.style import PREDICTED, RED, TRUE, figure, save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="package folder")
    parser.add_argument("photographs", type=Path, help="folder with images/ and labels.csv (image, leg, marker, x, y)")
    parser.add_argument("--limit", type=float, default=10, help="pixels of the photograph (default 10)")
    parser.add_argument("--sheet", type=Path, help="PNG to draw the photographs with labelled and predicted points to")
    arguments = parser.parse_args()
    package = Package.load(arguments.package)
    labels = pd.read_csv(arguments.photographs / "labels.csv")
    table = Table("photograph", "markers", "found", "distances px", box=None)
    panels: list[tuple[str, np.ndarray, np.ndarray, Prediction]] = []
    found_count = total = 0
    for name, rows in labels.groupby("image"):
        image = read_image(arguments.photographs / "images" / str(name))
        markers = rows[["x", "y"]].to_numpy()
        prediction = package.predict(image)
        distances = nearest(markers, prediction, package.manifest.confidence)
        hits = int((distances <= arguments.limit).sum())
        found_count, total = found_count + hits, total + len(markers)
        cells = " ".join("–" if np.isinf(d) else f"{d:.1f}" for d in distances)
        table.add_row(str(name), str(len(markers)), str(hits), cells)
        panels.append((f"{name}: {hits} of {len(markers)}", image, markers, prediction))
    console = Console()
    console.print(table)
    console.print(f"{found_count} of {total} real markers within {arguments.limit:g} px")
    if arguments.sheet:
        draw_sheet(panels, package.manifest.confidence, arguments.sheet)


def nearest(markers: Float[np.ndarray, "M 2"], prediction: Prediction, confidence: float) -> Float[np.ndarray, " M"]:
    """Distance from each real marker to the nearest keypoint that the network is confident of; infinite without one."""
    keypoints, confident = points_of(prediction, confidence)
    points = keypoints[confident]
    if not len(points):
        return np.full(len(markers), np.inf)
    return np.linalg.norm(markers[:, None] - points[None], axis=-1).min(axis=1)


def points_of(prediction: Prediction, confidence: float) -> tuple[Float[np.ndarray, "K 2"], Bool[np.ndarray, " K"]]:
    """All keypoints, and which of them the network is confident of."""
    assert prediction.keypoints is not None
    assert prediction.confidence is not None
    return prediction.keypoints, prediction.confidence >= confidence


def draw_sheet(panels: list[tuple[str, np.ndarray, np.ndarray, Prediction]], confidence: float, path: Path) -> None:
    columns = 5
    lines = -(-len(panels) // columns)
    with figure(3.2 * columns, 2.1 * lines + 0.4, lines, columns) as (drawn, axes):
        for axis, (title, image, markers, prediction) in zip(axes, panels, strict=False):
            axis.imshow(image)
            keypoints, confident = points_of(prediction, confidence)
            unsure = keypoints[~confident]
            axis.plot(*markers.T, "o", mfc="none", mec=TRUE, ms=9, label="real marker")
            axis.plot(*keypoints[confident].T, "+", color=PREDICTED, ms=7, mew=1.4, label="predicted")
            axis.plot(*unsure.T, "x", color=RED, ms=4, mew=0.8, label="predicted, not confident")
            axis.set(title=title, xlim=(0, image.shape[1]), ylim=(image.shape[0], 0))
        for axis in axes:
            axis.set_axis_off()
        handles, names = axes[0].get_legend_handles_labels()
        drawn.legend(handles, names, loc="outside lower center", ncols=3)
        save(drawn, path)


if __name__ == "__main__":
    main()
