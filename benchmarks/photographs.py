"""Count the real skin markers in photographs that a package finds, which was trained on rendered video alone.

The photographs show one or two legs with two markers each (Achilles tendon and calcaneus), measured to sub-pixel
accuracy; the network looks for two legs with three. A real marker counts as found when a keypoint that the network is
confident of lies within the limit. A keypoint that it is confident of and that lies further off is on no marker.

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
    parser.add_argument(
        "--limits", type=float, nargs="+", default=[3, 10], help="pixels of the photograph (default 3 10)"
    )
    parser.add_argument("--whole", action="store_true", help="give the network the whole picture, without `zoom`")
    parser.add_argument("--sheet", type=Path, help="PNG to draw the photographs with labelled and predicted points to")
    arguments = parser.parse_args()
    package = Package.load(arguments.package)
    labels = pd.read_csv(arguments.photographs / "labels.csv")
    if arguments.whole:
        package.manifest = package.manifest.model_copy(update={"zoom": None})
    table = Table("photograph", "markers", "found", "on no marker", "two names", "distances px", box=None)
    panels: list[tuple[str, np.ndarray, np.ndarray, Prediction]] = []
    every: list[Float[np.ndarray, " M"]] = []
    limit, astray, twice = max(arguments.limits), 0, 0
    for name, rows in labels.groupby("image"):
        image = read_image(arguments.photographs / "images" / str(name))
        markers = rows[["x", "y"]].to_numpy()
        prediction = package.predict(image)
        apart = distances(markers, prediction, package.manifest.confidence)
        nearest = apart.min(axis=1, initial=np.inf)
        hits = int((nearest <= limit).sum())
        off, double = int((apart.min(axis=0) > limit).sum()), int(((apart <= limit).sum(axis=1) > 1).sum())
        astray, twice = astray + off, twice + double
        every.append(nearest)
        cells = " ".join("–" if np.isinf(d) else f"{d:.1f}" for d in nearest)
        table.add_row(str(name), str(len(markers)), str(hits), str(off), str(double), cells)
        panels.append((f"{name}: {hits} of {len(markers)}", image, markers, prediction))
    console = Console(width=120)
    console.print(table)
    found = np.concatenate(every)
    for most in sorted(arguments.limits):
        console.print(f"{(found <= most).sum()} of {len(found)} real markers within {most:g} px")
    console.print(f"{astray} keypoints on no marker; {twice} markers with two names")
    if arguments.sheet:
        draw_sheet(panels, package.manifest.confidence, arguments.sheet)


def distances(markers: Float[np.ndarray, "M 2"], prediction: Prediction, confidence: float) -> Float[np.ndarray, "M P"]:
    """Distances from each real marker to each of the P keypoints that the network is confident of."""
    keypoints, confident = points_of(prediction, confidence)
    return np.linalg.norm(markers[:, None] - keypoints[confident][None], axis=-1)


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
