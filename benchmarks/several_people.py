"""Two rendered people side by side in one picture: who is measured, and are their legs ever mixed up?

Each picture joins the middle of two frames of different people. The second person has the same size as the first, or
0.6 times it. The first should be measured where the second is smaller.

Example:
    python -m benchmarks.several_people models/rearfoot/package --pairs 20
"""

import argparse
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult
from heelstrike.predict.measurer import About, Measurer
from heelstrike.progress import progress
from pipeline.package.disturbed.pictures import Image, Picture
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

WIDTH, HEIGHT = 640, 480
_SEED = 4242
_NEAR = 5.0  # pixels within which a keypoint is that of a person


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="package folder of the rear-foot problem")
    parser.add_argument("--pairs", type=int, default=20, help="pictures of each size (default 20)")
    arguments = parser.parse_args()
    measurer = Measurer(Package.load(arguments.package, threads=1), About())
    shown = people(2 * arguments.pairs)
    pairs = list(zip(shown[::2], shown[1::2], strict=False))
    table = Table(
        "second person",
        "pictures",
        "first measured",
        "second measured",
        "mixed up",
        "elsewhere",
        "refused",
        "counted two",
    )
    for size in (1.0, 0.6):
        counts = Counter[str]()
        for first, second in pairs:
            image, one, other = joined(first, second, size)
            result = measurer.image(image)
            counts[verdict(result, one, other)] += 1
            counts["two"] += result.prediction.people == 2
        names = ("first", "second", "mixed", "elsewhere", "refused", "two")
        table.add_row(f"{size:g} times", str(len(pairs)), *(str(counts[name]) for name in names))
    Console().print(table)


def people(count: int) -> list[Picture]:
    """Return the first frame of so many people, all of whose markers can be seen."""
    settings = SyntheticSource(kind="synthetic", subjects=2 * count, width=WIDTH, height=HEIGHT, seed=_SEED)
    found: list[Picture] = []
    with progress("render people", count) as bar:
        for index in range(2 * count):
            picture = Picture(*next(rearfoot.render(make_subject(settings, index))))
            if picture.visible.all() and len(found) < count:
                found.append(picture)
                bar.advance()
    return found


def joined(first: Picture, second: Picture, size: float) -> tuple[Image, np.ndarray, np.ndarray]:
    """Return the middle halves of two pictures side by side, the second one smaller; and both people's markers."""
    left, right = _middle(first), _middle(second)
    h, w = round(HEIGHT * size), round(WIDTH // 2 * size)
    image = np.full((HEIGHT, WIDTH // 2 + w, 3), 120, np.uint8)
    image[:, : WIDTH // 2] = left.image
    image[HEIGHT - h :, WIDTH // 2 :] = cv2.resize(right.image, (w, h), interpolation=cv2.INTER_AREA)
    return image, left.points, (right.points + 0.5) * size - 0.5 + [WIDTH // 2, HEIGHT - h]


def _middle(picture: Picture) -> Picture:
    """Return the half of a picture around the markers."""
    centre = int(picture.points[:, 0].mean())
    left = min(max(centre - WIDTH // 4, 0), WIDTH // 2)
    return Picture(picture.image[:, left : left + WIDTH // 2], picture.points - [left, 0])


def verdict(result: FrameResult, first: np.ndarray, second: np.ndarray) -> str:
    """Return whose markers were measured: `first` or `second`; `refused` if nothing was measured.

    It is `mixed` if both people have some of them, and `elsewhere` if some are of neither.
    """
    assert result.keypoints is not None
    if not result.measured:
        return "refused"
    near = {
        name: np.linalg.norm(result.keypoints - person, axis=1) < _NEAR
        for name, person in (("first", first), ("second", second))
    }
    whole = next((name for name, its in near.items() if its.all()), None)
    return whole or ("mixed" if all(its.any() for its in near.values()) else "elsewhere")


if __name__ == "__main__":
    main()
