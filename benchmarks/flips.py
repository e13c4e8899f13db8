"""Does it pay to predict an image and its mirror image, and to combine both answers?

A package's network answers every look twice, plain and mirrored; mirrored keypoints change names by the package's
`flip_pairs`. The photographs are those of benchmarks/photographs.py, the people those of benchmarks/people.py. Ways to
combine: `mean` of both; `agree`, the mean by confidence where both are within 4 pixels of the network's input, and
elsewhere the surer answer at half its confidence.

Example:
    python -m benchmarks.flips models/rearfoot/package --photographs ../shared/datasets/rearfoot-rfa --subjects 20
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from jaxtyping import Float
from rich.console import Console
from rich.table import Table

from benchmarks.people import _HEADER, judge, render, row, source_of
from benchmarks.photographs import distances
from heelstrike.heads.prediction import Prediction
from heelstrike.images import read_image
from heelstrike.package.image import Image
from heelstrike.package.runtime import Package
from heelstrike.preprocess.letterbox import Letterbox

_NEAR_PX = 4.0
_FOUND_PX = 10.0  # pixels of the photograph

Points: TypeAlias = Float[np.ndarray, "K 2"]
Confidence: TypeAlias = Float[np.ndarray, " K"]
# points and confidences of both looks, pixels of the image that are _NEAR_PX of the input -> points and confidences
Combine = Callable[[Points, Points, Confidence, Confidence, float], tuple[Points, Confidence]]


def mean(a: Points, b: Points, sure_a: Confidence, sure_b: Confidence, near: float) -> tuple[Points, Confidence]:
    """Return the means of points and of confidences."""
    return (a + b) / 2, (sure_a + sure_b) / 2


def agree(a: Points, b: Points, sure_a: Confidence, sure_b: Confidence, near: float) -> tuple[Points, Confidence]:
    """Return the mean by confidence of near points, and of others the surer one at half its confidence."""
    together = np.linalg.norm(a - b, axis=1) <= near
    share = np.where(together, sure_a / np.maximum(sure_a + sure_b, 1e-9), sure_a >= sure_b)[:, None]
    sure = np.where(together, (sure_a + sure_b) / 2, np.maximum(sure_a, sure_b) / 2)
    return share * a + (1 - share) * b, sure


WAYS: dict[str, Combine | None] = {"plain": None, "mean": mean, "agree": agree}


class Flipped(Package):
    """A package that looks twice, if `way` is not `None`."""

    way: Combine | None = None

    def _look(self, image: Image, mirrored: bool) -> Prediction:
        plain = super()._look(image, mirrored)
        if self.way is None:
            return plain
        order, other = self._order(), super()._look(image, not mirrored)
        assert plain.keypoints is not None and plain.confidence is not None
        assert other.keypoints is not None and other.confidence is not None
        height, width = image.shape
        scale = Letterbox.fit(width, height, self.manifest.input).scale
        points, sure = self.way(
            plain.keypoints, other.keypoints[order], plain.confidence, other.confidence[order], _NEAR_PX / scale
        )
        radii = self.manifest.radii
        return replace(
            plain, keypoints=points, confidence=sure, radius=None if radii is None else radii.of(sure, scale)
        )

    def _order(self) -> list[int]:
        names = list(self.manifest.category.keypoints)
        other = {a: b for pair in self.manifest.flip_pairs for a, b in (pair, pair[::-1])}
        return [names.index(other.get(name, name)) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, nargs="+", help="package folders of the rear-foot problem")
    parser.add_argument("--photographs", type=Path, help="folder with images/ and labels.csv")
    parser.add_argument("--subjects", type=int, default=0, help="rendered people (default 0)")
    parser.add_argument("--seed", type=int, default=31, help="their seed (default 31)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="whose first source is rendered")
    arguments = parser.parse_args()
    console = Console(width=180)
    source = source_of(arguments.params).model_copy(update={"seed": arguments.seed, "subjects": arguments.subjects})
    people = list(render(source)) if arguments.subjects else []
    for folder in arguments.packages:
        package = Flipped.load(folder, threads=1)
        assert isinstance(package, Flipped)
        photographs = Table(str(folder), "within 1 px", "2 px", "3 px", "10 px", "on no marker", "mean px", box=None)
        persons = Table(str(folder), *_HEADER, box=None)
        for name, way in WAYS.items():
            package.way = way
            if arguments.photographs:
                photographs.add_row(name, *found(package, arguments.photographs))
            if people:
                persons.add_row(name, *row(judge(package, people)))
        for table in (photographs, persons):
            if table.row_count:
                console.print(table)


def found(package: Package, folder: Path) -> list[str]:
    """Return how many real markers were found within 1, 2, 3 and 10 px, keypoints on no marker, and the mean error."""
    labels, nearest, astray = pd.read_csv(folder / "labels.csv"), list[float](), 0
    for name, rows in labels.groupby("image"):
        prediction = package.predict(read_image(folder / "images" / str(name)))
        apart = distances(rows[["x", "y"]].to_numpy(), prediction, package.manifest.confidence)
        nearest += apart.min(axis=1, initial=np.inf).tolist()
        astray += int((apart.min(axis=0) > _FOUND_PX).sum())
    off = np.array(nearest)
    counts = [f"{(off <= limit).sum()} of {len(off)}" for limit in (1, 2, 3, _FOUND_PX)]
    return [*counts, str(astray), f"{off[off <= _FOUND_PX].mean():.2f}"]


if __name__ == "__main__":
    main()
